import type { EffectiveEntitlement } from '../entitlements/effective.ts';
import type { Overage, QuotaPeriod } from '../entitlements/entitlement.ts';

/** What a license may use of a feature in a period. */
export interface Quota {
  readonly period: QuotaPeriod;
  /** null = any number; 0 = none. */
  readonly limit: number | null;
  readonly overage: Overage;
}

/** The quota of an entitlement; undefined for flags, numbers and texts, which cannot be used up. */
export const quotaOf = (entitlement: EffectiveEntitlement | undefined): Quota | undefined => {
  if (entitlement?.value_type !== 'quota') return undefined;
  const { quota_period, value, overage } = entitlement;
  return { period: quota_period ?? 'monthly', limit: value === null ? null : Number(value), overage };
};

/** The most that is ever accepted in a period, rounded down; null = any number. */
export const allowanceOf = ({ limit, overage }: Quota): bigint | null => {
  if (limit === null || overage === 'unlimited') return null;
  const [times, of] = MULTIPLES[overage];
  return (BigInt(limit) * times) / of;
};

const MULTIPLES = { none: [1n, 1n], '1.25': [5n, 4n], '1.5': [3n, 2n], '2': [2n, 1n] } as const satisfies Record<
  Exclude<Overage, 'unlimited'>,
  readonly [bigint, bigint]
>;

/** What is left of `most` after `used`, at least 0; null = any number. */
export const leftOf = (most: bigint | null, used: bigint): bigint | null =>
  most === null ? null : most > used ? most - used : 0n;
