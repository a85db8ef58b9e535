import { floatingStream } from '#domain/licensing/floating/floating';
import type { Feature } from '#platform/feature';
import { ExpireSessions } from './expire-sessions.ts';
import { FloatingController } from './floating.controller.ts';
import { SessionController } from './session.controller.ts';
import { sessionsProjection } from './session.projection.ts';
import { sessionsSnapshot } from './session.snapshot.ts';
import { sessionsTable } from './session.table.ts';
import { Sessions } from './sessions.ts';

export const floatingFeature: Feature = {
  tables: [sessionsTable],
  streams: [floatingStream],
  projections: [sessionsProjection],
  snapshots: [sessionsSnapshot],
  controllers: [FloatingController, SessionController],
  providers: [Sessions],
  work: [ExpireSessions],
};
