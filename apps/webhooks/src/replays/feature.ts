import type { Feature } from '#platform/feature';
import { ReplayController } from './replay.controller.ts';
import { Replays1790000004201 } from './replay.table.ts';
import { Replayer } from './replayer.ts';
import { Replays } from './replays.ts';

export const replaysFeature: Feature = {
  migrations: [Replays1790000004201],
  controllers: [ReplayController],
  providers: [Replays],
  work: [Replayer],
};
