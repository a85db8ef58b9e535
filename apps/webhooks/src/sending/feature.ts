import type { Feature } from '#platform/feature';
import { gatesTable } from './gate.table.ts';
import { SenderService } from './sender.service.ts';

export const sendingFeature: Feature = {
  tables: [gatesTable],
  work: [SenderService],
};
