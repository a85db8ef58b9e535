import { refuse } from './license.errors.ts';
import type { BillingHold, Hold } from './license.holds.ts';
import type { License, LicenseEvent, UnheldStatus } from './license.ts';

/** Suspends a license for one more reason. */
export const hold = (
  { status, holds, product_id }: License,
  reason: string | null,
  by: Hold,
): readonly LicenseEvent[] => {
  if (status === 'revoked') return refuse('LICENSE_REVOKED');
  if (holds.has(by)) return [];
  if (status === 'suspended') return [{ type: 'license.held', product_id, hold: by }];
  return [{ type: 'license.suspended', product_id, reason, ...(by === 'operator' ? {} : { by }) }];
};

/**
 * Takes back holds of billing. An operator's suspension stays in force.
 * @param status what the license is without holds
 */
export const release = (
  { holds, product_id }: License,
  lifted: readonly BillingHold[],
  status: UnheldStatus,
): readonly LicenseEvent[] => {
  const gone = lifted.filter((one) => holds.has(one));
  if (gone.length === 0) return [];
  if (gone.length === holds.size) return [{ type: 'license.reinstated', product_id, reason: null, status }];
  return gone.map((one) => ({ type: 'license.released', product_id, hold: one }));
};
