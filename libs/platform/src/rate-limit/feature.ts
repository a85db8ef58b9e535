import type { Feature } from '../feature.ts';
import { FailedIdentifications1790000000001, failedIdentificationsTable } from './failed-identifications.table.ts';

/** For a service that identifies callers, and locks out addresses that fail too often. */
export const lockOutFeature: Feature = {
  migrations: [FailedIdentifications1790000000001],
  tables: [failedIdentificationsTable],
};
