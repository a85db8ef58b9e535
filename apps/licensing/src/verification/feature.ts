import type { Feature } from '#platform/feature';
import { VerificationSettings } from './verification.settings.ts';
import { CallerLimits } from './caller-limits.ts';
import { Identification } from './identification.ts';
import { Leases } from './leases.ts';
import { LicenseLookup } from './license-lookup.ts';
import { ValidationLog } from './validation-log.ts';
import { activationUsesTable, validationsTable } from './validation.table.ts';
import { VerificationController } from './verification.controller.ts';

export const verificationFeature: Feature = {
  settings: [VerificationSettings],
  tables: [validationsTable, activationUsesTable],
  controllers: [VerificationController],
  providers: [LicenseLookup, CallerLimits, Identification, Leases, ValidationLog],
};
