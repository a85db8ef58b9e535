import type { Feature } from '#platform/feature';
import { PollingController } from './polling.controller.ts';
import { Polling } from './polling.ts';

export const pollingFeature: Feature = {
  controllers: [PollingController],
  providers: [Polling],
};
