import type { EffectiveEntitlements } from '../entitlements/effective.ts';
import { refuseEntitlement } from '../entitlements/entitlement.ts';
import { assertUsable } from '../license/license.usability.ts';
import { refuse } from '../license/license.errors.ts';
import type { OnLicense } from '../license/on-license.ts';
import { productSupports } from '../product/product.ts';
import { Refusal } from '../../shared/refusal.ts';
import type { Time } from '../../shared/time.ts';
import { covers, isTimely, type Period, periodOf } from './period.ts';
import { allowanceOf, type Quota, quotaOf } from './quota.ts';
import { usageRefusals } from './usage.errors.ts';
import { type UsageEvent, type UsageState, usageStream, windowOf } from './usage.ts';

/** The feature that is used, and all that its licence may use, as it stands when the decision is made. */
export interface OnFeature extends OnLicense {
  readonly entitlements: EffectiveEntitlements;
  readonly feature: string;
}

/** Something that was used. */
export interface UsageRecord {
  /** 1 … 2^53−1. */
  readonly quantity: number;
  readonly occurred_at: Time;
  /** What the caller notes beside it. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly idempotency_key: string | null;
}

/** What became of a record that could be counted. */
export interface Usage {
  readonly accepted: boolean;
  /** It was taken above the limit. */
  readonly overage: boolean;
  /** In the period, with this record if it was accepted. */
  readonly used: bigint;
  readonly period: Period;
  readonly quota: Quota;
}

export interface UsageDecision {
  /** One for each record, in their order. */
  readonly outcomes: readonly (Usage | Refusal)[];
  /** Also of records that are refused: the first one of a period says that the quota was exceeded. */
  readonly events: readonly UsageEvent[];
}

/**
 * Counts records of one feature, each on top of those before it; each is taken whole or not at all, and refused by itself.
 * @throws Refusal for what keeps the licence from using the feature at all
 */
export const recordUsage = (on: OnFeature, records: readonly UsageRecord[], state: UsageState): UsageDecision => {
  const quota = assertQuota(on);
  const events: UsageEvent[] = [];
  let present = state;
  let counted = 0;
  let period = periodOf(quota.period, on.now);
  const outcomes = records.map((record) => {
    if (!covers(period, record.occurred_at)) period = periodOf(quota.period, record.occurred_at);
    if (!isTimely(period, record.occurred_at, on.now)) return untimely(record);
    for (const event of events.slice(counted)) present = usageStream.evolve(present, event);
    counted = events.length;
    const decision = count(on, quota, period, record, present);
    events.push(...decision.events);
    return decision.usage;
  });
  return { outcomes, events };
};

/** @throws Refusal when nothing of the feature may be used, now or ever */
export const assertQuota = ({ license, plan, product_type, entitlements, feature, now }: OnFeature): Quota => {
  if (!productSupports(product_type, 'usage')) return refuse('FEATURE_NOT_AVAILABLE');
  assertUsable(license, plan, now);
  const quota = quotaOf(Object.hasOwn(entitlements, feature) ? entitlements[feature] : undefined);
  return quota ?? refuseEntitlement('ENTITLEMENT_NOT_FOUND', { feature });
};

const untimely = ({ occurred_at: timestamp }: UsageRecord): Refusal => {
  const { status, message } = usageRefusals.TIMESTAMP_OUT_OF_RANGE;
  return new Refusal('TIMESTAMP_OUT_OF_RANGE', status, message, { timestamp });
};

/** A warning is due from four fifths of the limit. */
const WARNS_AT = { times: 5n, of: 4n };

const count = (
  { license_id, license: { product_id }, feature }: OnFeature,
  quota: Quota,
  period: Period,
  { quantity, ...record }: UsageRecord,
  state: UsageState,
): { readonly usage: Usage; readonly events: readonly UsageEvent[] } => {
  const window = windowOf(state, period);
  const { limit } = quota;
  const allowance = allowanceOf(quota);
  const used = window.used + BigInt(quantity);
  const of = {
    license_id,
    product_id,
    feature,
    period: period.period,
    period_start: period.start,
    period_end: period.end,
  };
  const tellExceeded = (by: bigint): UsageEvent[] =>
    limit === null || window.exceeded ? [] : [{ type: 'quota.exceeded', ...of, used: String(by), limit }];
  if (allowance !== null && used > allowance) {
    const usage = { accepted: false, overage: false, used: window.used, period, quota };
    return { usage, events: tellExceeded(window.used) };
  }
  const overage = limit !== null && used > BigInt(limit);
  const warns = limit !== null && limit > 0 && !window.warned && used * WARNS_AT.times >= BigInt(limit) * WARNS_AT.of;
  return {
    usage: { accepted: true, overage, used, period, quota },
    events: [
      { type: 'usage.recorded', ...of, quantity, used: String(used), overage, ...record },
      ...(warns ? [{ type: 'quota.warning', ...of, used: String(used), limit } as const] : []),
      ...(overage ? tellExceeded(used) : []),
    ],
  };
};

/**
 * What was used in the present period counts as nothing from now on; its warnings come anew. Also where the licence may not be
 * used just now, since that is no reason not to set a counter right.
 */
export const resetUsage = (
  { license_id, license, entitlements, feature, now }: OnFeature,
  reason: string | null,
  state: UsageState,
): readonly UsageEvent[] => {
  if (license.status === 'revoked') return refuse('LICENSE_REVOKED');
  const quota = quotaOf(Object.hasOwn(entitlements, feature) ? entitlements[feature] : undefined);
  if (quota === undefined) return refuseEntitlement('ENTITLEMENT_NOT_FOUND', { feature });
  const { period, start, end, used, exceeded } = windowOf(state, periodOf(quota.period, now));
  if (used === 0n && !exceeded) return [];
  const of = { license_id, product_id: license.product_id, feature, period, period_start: start, period_end: end };
  return [{ type: 'usage.reset', ...of, used: String(used), reason }];
};
