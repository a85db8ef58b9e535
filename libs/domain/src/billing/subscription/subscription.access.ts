import type { Time } from '../../shared/time.ts';
import type { Subscription } from './subscription.ts';

/** Whether a subscription gives access now. `unpaid`: its first payment is missing. */
export type Access = 'given' | 'unpaid' | 'none';

/**
 * A subscription gives access while it is active or in a trial, in the grace after a missed payment, and while it is paused if its
 * plan keeps licenses then. One that ends with its period gives access until that moment, also if it is recorded later.
 * @param isKept what the plan does to licenses of paused subscriptions: they keep working
 */
export const accessOf = (state: Subscription, isKept: boolean, now: Time): Access => {
  const { status, period, past_due, cancel_at_period_end, provider, pending_until } = state;
  switch (status) {
    case 'active':
    case 'trialing': {
      const ends = cancel_at_period_end || provider === 'grant';
      return ends && period !== null && period.end <= now ? 'none' : 'given';
    }
    case 'past_due':
      return past_due !== null && !past_due.grace_ended && now < past_due.grace_until ? 'given' : 'none';
    case 'paused':
      return isKept ? 'given' : 'none';
    case 'pending_payment':
      return pending_until === null || now < pending_until ? 'unpaid' : 'none';
    case 'canceled':
    case 'expired':
      return 'none';
    default:
      return status satisfies never;
  }
};

/** What a plan says of a subscriber's access. Values: null is unlimited; a feature that is missing, or false, is not included. */
export interface PlanAccess {
  readonly keeps_paused: boolean;
  readonly features: ReadonlyMap<string, FeatureValue>;
}
export type FeatureValue = boolean | number | string | null;

/** A subscription of a subscriber to a product, with its plan. */
export interface Candidate {
  readonly id: string;
  readonly state: Subscription;
  readonly plan: PlanAccess;
}

export type Eligibility =
  | { readonly eligible: true; readonly subscription_id: string; readonly value: FeatureValue }
  | { readonly eligible: false; readonly code: 'COMPLETE_PAYMENT'; readonly subscription_id: string }
  | { readonly eligible: false; readonly code: 'NOT_SUBSCRIBED' | 'FEATURE_NOT_INCLUDED' };

/**
 * Whether one of the subscriptions gives access, and to the feature.
 * @param feature undefined = access alone
 */
export const eligibilityOf = (
  candidates: readonly Candidate[],
  feature: string | undefined,
  now: Time,
): Eligibility => {
  let unpaid: string | undefined;
  let hasAccess = false;
  for (const { id, state, plan } of candidates) {
    const access = accessOf(state, plan.keeps_paused, now);
    if (access === 'unpaid') unpaid = id;
    if (access !== 'given') continue;
    hasAccess = true;
    const value = feature === undefined ? null : plan.features.get(feature);
    if (value !== undefined && value !== false) return { eligible: true, subscription_id: id, value };
  }
  if (hasAccess) return { eligible: false, code: 'FEATURE_NOT_INCLUDED' };
  return unpaid === undefined
    ? { eligible: false, code: 'NOT_SUBSCRIBED' }
    : { eligible: false, code: 'COMPLETE_PAYMENT', subscription_id: unpaid };
};
