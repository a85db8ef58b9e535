import type { Feature } from '#platform/feature';
import { ReplayController } from './replay.controller.ts';
import { replaysTable } from './replay.table.ts';
import { Replayer } from './replayer.ts';
import { Replays } from './replays.ts';

export const replaysFeature: Feature = {
  tables: [replaysTable],
  controllers: [ReplayController],
  providers: [Replays],
  work: [Replayer],
};
