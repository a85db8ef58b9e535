import type { Feature } from '#platform/feature';
import { Gates1790000004100 } from './gate.table.ts';
import { SenderService } from './sender.service.ts';

export const sendingFeature: Feature = {
  migrations: [Gates1790000004100],
  work: [SenderService],
};
