import type { QuotaPeriod } from '#domain/licensing/entitlements/entitlement';
import type { Period } from '#domain/licensing/usage/period';
import { allowanceOf, leftOf, type Quota } from '#domain/licensing/usage/quota';

/** A quota and its usage, in the form that callers get. Sums above 2^53−1 are rounded, as JSON numbers are. */
export interface QuotaUse {
  readonly used: number;
  readonly limit: number | null;
  /** What is left of the limit. */
  readonly remaining: number | null;
  /** What can still be used, overage included. */
  readonly available: number | null;
  readonly period: QuotaPeriod;
  readonly period_start: string;
  readonly resets_at: string | null;
}

export const quotaUse = (quota: Quota, { period, start, end }: Period, used: bigint): QuotaUse => ({
  used: Number(used),
  limit: quota.limit,
  remaining: orNull(leftOf(quota.limit === null ? null : BigInt(quota.limit), used)),
  available: orNull(leftOf(allowanceOf(quota), used)),
  period,
  period_start: start,
  resets_at: end,
});

const orNull = (left: bigint | null): number | null => (left === null ? null : Number(left));
