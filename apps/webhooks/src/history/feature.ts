import type { Feature } from '#platform/feature';
import { HistoryService } from './history.service.ts';
import { AttemptErrorDetail1790000004205, History1790000004200, RoomForClaims1790000004204 } from './history.table.ts';

export const historyFeature: Feature = {
  migrations: [History1790000004200, RoomForClaims1790000004204, AttemptErrorDetail1790000004205],
  work: [HistoryService],
};
