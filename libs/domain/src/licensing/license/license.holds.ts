import { refuse } from './license.errors.ts';
import type { License, LicenseEvent, UnheldStatus } from './license.ts';

/** Reasons of billing to suspend a license. */
export const BILLING_HOLDS = ['unpaid', 'paused', 'disputed', 'refunded', 'ended'] as const;
export type BillingHold = (typeof BILLING_HOLDS)[number];

/** Reasons for which a license is suspended at present. It works again when there is none left. */
export type Hold = 'operator' | BillingHold;

/** Changes of the holds of a license that is suspended before and after. They are not published. */
export type HoldEvent = {
  readonly type: 'license.held' | 'license.released';
  readonly product_id: string;
  readonly hold: Hold;
};

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

/** The holds after an event. */
export const evolveHolds = (holds: ReadonlySet<Hold>, event: LicenseEvent): ReadonlySet<Hold> => {
  switch (event.type) {
    case 'license.suspended':
      return new Set([event.by ?? 'operator']);
    case 'license.held':
      return new Set(holds).add(event.hold);
    case 'license.released':
      return new Set([...holds].filter((one) => one !== event.hold));
    case 'license.reinstated':
      return NO_HOLDS;
    default:
      return holds;
  }
};

/** Most licenses have none: they share one set. */
export const NO_HOLDS: ReadonlySet<never> = new Set<never>();
