import type { Feature } from '#platform/feature';
import { Leases } from './leases.ts';
import { ValidationLog } from './validation-log.ts';
import { activationUsesTable, validationsTable } from './validation.table.ts';
import { VerificationController } from './verification.controller.ts';

export const verificationFeature: Feature = {
  tables: [validationsTable, activationUsesTable],
  controllers: [VerificationController],
  providers: [Leases, ValidationLog],
};
