import type { Feature } from '#platform/feature';
import { MailOperator } from './mail-operator.ts';
import { OperationsService } from './operations.service.ts';

export const operationsFeature: Feature = {
  subscriptions: [MailOperator],
  work: [OperationsService],
};
