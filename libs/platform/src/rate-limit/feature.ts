import type { Feature } from '../feature.ts';
import { FailedIdentifications1790000000000 } from './failed-identifications.migration.ts';

/** For a service that identifies callers, and locks out addresses that fail too often. */
export const lockOutFeature: Feature = { migrations: [FailedIdentifications1790000000000] };
