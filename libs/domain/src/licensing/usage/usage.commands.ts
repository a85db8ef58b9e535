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

/** The feature that is used, and the entitlements of its license at the time of the decision. */
export interface OnFeature extends OnLicense {
  readonly entitlements: EffectiveEntitlements;
  readonly feature: string;
}

/** One use of a feature. */
export interface UsageRecord {
  /** 1 … 2^53−1. */
  readonly quantity: number;
  readonly occurred_at: Time;
  /** Free fields of the caller. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly idempotency_key: string | null;
}

/** The outcome of a record that could be counted. */
export interface Usage {
  readonly accepted: boolean;
  /** The record was accepted above the limit. */
  readonly overage: boolean;
  /** The total of the period, with this record if it was accepted. */
  readonly used: bigint;
  readonly period: Period;
  readonly quota: Quota;
}

export interface UsageDecision {
  /** One for each record, in the same order. */
  readonly outcomes: readonly (Usage | Refusal)[];
  /** A refused record may have an event too: the first one in a period sends `quota.exceeded`. */
  readonly events: readonly UsageEvent[];
}

/**
 * Counts records of one feature in their order. Each record is accepted whole or refused by itself.
 * @throws Refusal if the license may not use the feature at all
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

/** @throws Refusal if the license may not use the feature at all */
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

/** A warning is due at four fifths of the limit. */
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
  const exceeded = (total: bigint): UsageEvent[] =>
    limit !== null && isNew(limit, window.exceeded_limit)
      ? [{ type: 'quota.exceeded', ...of, used: String(total), limit }]
      : [];
  if (allowance !== null && used > allowance) {
    const usage = { accepted: false, overage: false, used: window.used, period, quota };
    return { usage, events: exceeded(window.used) };
  }
  const overage = limit !== null && used > BigInt(limit);
  const warns =
    limit !== null &&
    limit > 0 &&
    isNew(limit, window.warned_limit) &&
    used * WARNS_AT.times >= BigInt(limit) * WARNS_AT.of;
  return {
    usage: { accepted: true, overage, used, period, quota },
    events: [
      { type: 'usage.recorded', ...of, quantity, used: String(used), overage, ...record },
      ...(warns ? [{ type: 'quota.warning', ...of, used: String(used), limit } as const] : []),
      ...(overage ? exceeded(used) : []),
    ],
  };
};

/** Each limit has one notice of a kind in a period. A limit that was raised has its own. */
const isNew = (limit: number, noticed: number | null): boolean => noticed === null || limit > noticed;

/**
 * Sets the total of the present period to zero and allows its notices again. This also works while the license may not be used,
 * so that an operator can correct a counter at any time.
 */
export const resetUsage = (
  { license_id, license, entitlements, feature, now }: OnFeature,
  reason: string | null,
  state: UsageState,
): readonly UsageEvent[] => {
  if (license.status === 'revoked') return refuse('LICENSE_REVOKED');
  const quota = quotaOf(Object.hasOwn(entitlements, feature) ? entitlements[feature] : undefined);
  if (quota === undefined) return refuseEntitlement('ENTITLEMENT_NOT_FOUND', { feature });
  const { period, start, end, used, exceeded_limit } = windowOf(state, periodOf(quota.period, now));
  if (used === 0n && exceeded_limit === null) return [];
  const of = { license_id, product_id: license.product_id, feature, period, period_start: start, period_end: end };
  return [{ type: 'usage.reset', ...of, used: String(used), reason }];
};
