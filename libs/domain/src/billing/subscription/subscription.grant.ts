import type { Time } from '../../shared/time.ts';
import { refuseSubscription } from './subscription.errors.ts';
import { onSubscription, type SubscriptionEvent, type SubscriptionTerms } from './subscription.events.ts';
import type { Subscription, SubscriptionState } from './subscription.ts';

/** Gives a subscription, or more time to one that was given. */
export interface Grant {
  readonly type: 'Grant';
  readonly now: Time;
  readonly terms: SubscriptionTerms;
  readonly sole: boolean;
  /** The end of a period of the granted length that begins at `from`. */
  readonly endAfter: (from: Time) => Time;
  readonly reason: string;
  readonly granted_by: string;
  readonly recipient_sealed: string | null;
}

/** A grant extends from the later of now and the present end. A subscription that is paid, or has another plan, stays as it is. */
export const grant = (command: Grant, state: SubscriptionState): readonly SubscriptionEvent[] => {
  if (state.status === 'none') return give(command);
  if (state.provider !== 'grant' || state.plan_id !== command.terms.plan_id || state.period === null)
    return refuseSubscription('SUBSCRIPTION_EXISTS');
  if (state.status !== 'active') return refuseSubscription('INVALID_TRANSITION', { status: state.status });
  const renewed = extended(command, state, state.period);
  return [renewed, granted(command, state, { extended: true, period_end: renewed.period_end })];
};

const give = (command: Grant): readonly SubscriptionEvent[] => {
  const { terms, now, endAfter, sole, recipient_sealed } = command;
  const period_end = endAfter(now);
  const on = onSubscription(terms, 'active');
  return [
    {
      type: 'subscription.created',
      ...terms,
      ...on,
      sole,
      created_at: now,
      interval: null,
      discount: null,
      pending_until: null,
      charge: null,
      basis_amount: 0,
    },
    {
      type: 'subscription.activated',
      ...on,
      period_start: now,
      period_end,
      billing_anchor: now,
      valid_until: period_end,
      trial: false,
      invoice_id: null,
      paid: true,
      basis_amount: 0,
      recipient_sealed,
    },
    granted(command, terms, { extended: false, period_end }),
  ];
};

const extended = (
  { now, endAfter }: Grant,
  state: Subscription,
  { start, end }: NonNullable<Subscription['period']>,
): Extract<SubscriptionEvent, { type: 'subscription.renewed' }> => {
  const period_end = endAfter(end > now ? end : now);
  return {
    type: 'subscription.renewed',
    ...onSubscription(state, 'active'),
    period_start: start,
    period_end,
    billing_anchor: state.billing_anchor ?? start,
    valid_until: period_end,
    invoice_id: null,
  };
};

/** Why, and by whom: for the record. */
const granted = (
  { reason, granted_by }: Grant,
  terms: SubscriptionTerms,
  what: { readonly extended: boolean; readonly period_end: Time },
): SubscriptionEvent => ({
  type: 'subscription.granted',
  ...onSubscription(terms, 'active'),
  ...what,
  reason,
  granted_by,
});
