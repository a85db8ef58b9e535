import type { Feature } from '#platform/feature';
import { HistoryService } from './history.service.ts';

export const historyFeature: Feature = {
  work: [HistoryService],
};
