import type { Interval } from '../../shared/calendar.ts';
import type { Time } from '../../shared/time.ts';
import type { Period } from '../invoice/invoice.lines.ts';
import { refuseSubscription } from './subscription.errors.ts';
import { type Item, onSubscription, type Periodic, type SubscriptionEvent } from './subscription.events.ts';
import { type Dunning, expired, pastDue } from './subscription.payments.ts';
import type { SubscriptionStatus } from './subscription.statuses.ts';
import { type Subscription, subscriptionStream } from './subscription.ts';

/** What the provider that bills a subscription says of it when it is asked. The same observation may come again, late, or never. */
export interface SubscriptionObservation {
  /** The provider's id. */
  readonly provider_id: string;
  /** In our words: `pending_payment` until the first payment; `past_due` also after the last attempt to collect a payment. */
  readonly status: SubscriptionStatus;
  readonly item: Item & { readonly interval: Interval | null };
  /** null before the first period. */
  readonly period: Period | null;
  readonly billing_anchor: Time | null;
  readonly cancel_at_period_end: boolean;
  readonly canceled_at: Time | null;
  readonly cancel_reason: string | null;
  readonly paused_at: Time | null;
  readonly resumes_at: Time | null;
  /** Our id of the latest invoice. */
  readonly invoice_id: string | null;
  /** When the provider was asked. */
  readonly observed_at: Time;
}

/** Brings a subscription to the state that its provider tells. */
export interface ObserveSubscription extends Dunning {
  readonly type: 'ObserveSubscription';
  readonly observation: SubscriptionObservation;
  /** Of the plan. */
  readonly grace_days: number;
  /** As in `Subscribe`. */
  readonly recipient_sealed: string | null;
}

/**
 * The events between our state and the one that was observed; none if they are the same. An observation that is older than the last
 * one that changed something is ignored, and nothing leaves `canceled` and `expired`.
 */
export const observe = (command: ObserveSubscription, state: Subscription): readonly SubscriptionEvent[] => {
  const { observation } = command;
  if (state.biller === 'keyledger') return refuseSubscription('BILLED_BY_KEYLEDGER');
  if (isOver(state) || (state.observed_at !== null && observation.observed_at < state.observed_at)) return [];
  const events: SubscriptionEvent[] = [];
  let present = state;
  for (const step of STEPS) {
    const event = isOver(present) ? undefined : step(command, present);
    if (event === undefined) continue;
    events.push(event);
    present = subscriptionStream.evolve(present, event) as Subscription;
  }
  const { provider_id, observed_at } = observation;
  const invoice_id = observation.invoice_id ?? state.latest_invoice_id;
  const isKnown = provider_id === state.provider_id && invoice_id === state.latest_invoice_id;
  if (events.length === 0 && isKnown) return [];
  const on = onSubscription(state, state.status);
  return [{ type: 'subscription.observed', ...on, provider_id, invoice_id, observed_at }, ...events];
};

const isOver = ({ status }: Subscription): boolean => status === 'canceled' || status === 'expired';

/** Each makes at most one event. */
type Observing = (command: ObserveSubscription, state: Subscription) => SubscriptionEvent | undefined;

const begin: Observing = ({ observation, recipient_sealed }, state) => {
  const { status, period, invoice_id } = observation;
  if (state.status !== 'pending_payment' || status === 'pending_payment' || period === null) return undefined;
  if (status === 'canceled' || status === 'expired') return undefined;
  const trial = status === 'trialing';
  return {
    type: 'subscription.activated',
    ...onSubscription(state, trial ? 'trialing' : 'active'),
    period_start: period.start,
    period_end: period.end,
    billing_anchor: observation.billing_anchor ?? period.start,
    valid_until: period.end,
    trial,
    invoice_id,
    paid: true,
    // Changes of what the provider bills are prorated there.
    basis_amount: 0,
    recipient_sealed,
  };
};

/** The item may be another one: it was changed at the provider, or the buyer chose the quantity there. */
const changeItem: Observing = ({ observation }, state) => {
  const { item, observed_at, invoice_id } = observation;
  const { plan_id, price_id, quantity, interval } = item;
  const isSame = plan_id === state.plan_id && price_id === state.price_id && quantity === state.quantity;
  if (isSame || state.status === 'pending_payment') return undefined;
  return {
    type: 'subscription.plan_changed',
    ...onSubscription({ ...state, plan_id, price_id, quantity }, state.status),
    previous_plan_id: state.plan_id,
    previous_price_id: state.price_id,
    previous_quantity: state.quantity,
    changed_at: observed_at,
    ...spanOf(observation, state),
    interval,
    invoice_id,
    charge: null,
    basis: null,
    former: null,
  };
};

const wake: Observing = ({ observation }, state) => {
  const { status } = observation;
  const isAsleep = status === 'paused' || status === 'canceled' || status === 'expired';
  if (state.status !== 'paused' || isAsleep) return undefined;
  return { type: 'subscription.unpaused', ...onSubscription(state, 'active'), ...spanOf(observation, state) };
};

/** A new period, or another end of the present one. One that is not paid begins with its payment. */
const moveOn: Observing = ({ observation }, state) => {
  const { status, invoice_id } = observation;
  if (state.status !== 'active' && state.status !== 'trialing') return undefined;
  if (status !== 'active' && status !== 'trialing') return undefined;
  const span = spanOf(observation, state);
  if (span.period_start === state.period?.start && span.period_end === state.period.end) return undefined;
  return { type: 'subscription.renewed', ...onSubscription(state, status), ...span, invoice_id };
};

const scheduleEnd: Observing = ({ observation }, state) => {
  const { cancel_at_period_end, cancel_reason: reason, period, status } = observation;
  if (cancel_at_period_end === state.cancel_at_period_end || status === 'canceled') return undefined;
  return {
    type: 'subscription.cancellation_scheduled',
    ...onSubscription(state, state.status),
    cancel_at_period_end,
    ends_at: cancel_at_period_end ? (period?.end ?? null) : null,
    reason: cancel_at_period_end ? reason : null,
    feedback: null,
  };
};

const end: Observing = ({ observation }, state) => {
  const { status, canceled_at, cancel_reason: reason, observed_at } = observation;
  if (status !== 'canceled' && status !== 'expired') return undefined;
  const at = canceled_at ?? observed_at;
  if (state.status === 'pending_payment') return expired(state, reason ?? 'payment_failed', at);
  return {
    type: 'subscription.canceled',
    ...onSubscription(state, 'canceled'),
    reason,
    feedback: null,
    canceled_at: at,
    valid_until: state.valid_until !== null && state.valid_until < at ? state.valid_until : at,
    charge: null,
    usage_open_until: null,
  };
};

/** From one status of a living subscription to another one. */
const changeStatus: Observing = (command, state) => {
  const { observation } = command;
  const { status, observed_at, resumes_at } = observation;
  if (state.status === 'pending_payment') return undefined;
  switch (status) {
    case 'past_due': {
      if (state.status === 'past_due') return undefined;
      const invoice_id = observation.invoice_id ?? state.period_invoice_id ?? '';
      return pastDue({ ...command, invoice_id, at: observed_at }, state);
    }
    case 'paused':
      if (state.status === 'paused' && state.resumes_at === resumes_at) return undefined;
      return {
        type: 'subscription.paused',
        ...onSubscription(state, 'paused'),
        paused_at: state.paused_at ?? observation.paused_at ?? observed_at,
        resumes_at,
      };
    case 'active':
    case 'trialing': {
      if (state.status === status) return undefined;
      const on = { ...onSubscription(state, status), ...spanOf(observation, state) };
      if (state.past_due === null)
        return { type: 'subscription.renewed', ...on, invoice_id: observation.invoice_id ?? state.period_invoice_id };
      return { type: 'subscription.recovered', ...on, invoice_id: state.past_due.invoice_id };
    }
    default:
      return undefined;
  }
};

const STEPS: readonly Observing[] = [begin, changeItem, wake, moveOn, scheduleEnd, end, changeStatus];

/** The period that the provider tells, unless it is not paid, or paused: then the one that is known. */
const spanOf = (
  { status, period, billing_anchor, observed_at }: SubscriptionObservation,
  state: Subscription,
): Periodic & { readonly billing_anchor: Time; readonly valid_until: Time } => {
  const isPaid = status === 'active' || status === 'trialing';
  const { start, end: period_end } = (isPaid ? (period ?? state.period) : (state.period ?? period)) ?? {
    start: observed_at,
    end: observed_at,
  };
  return {
    period_start: start,
    period_end,
    billing_anchor: billing_anchor ?? start,
    valid_until: isPaid ? period_end : (state.valid_until ?? period_end),
  };
};
