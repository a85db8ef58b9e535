import type { Interval } from '../../shared/calendar.ts';
import type { Time } from '../../shared/time.ts';
import type { Period } from '../invoice/invoice.lines.ts';
import type { Basis, Former } from '../pricing/proration.ts';
import type { Discount } from './subscription.discount.ts';
import type { Charge, Periodic, ScheduledChange, SubscriptionEvent, SubscriptionTerms } from './subscription.events.ts';
import { type Priced, pricedAfter } from './subscription.priced.ts';
import type { SubscriptionStatus } from './subscription.statuses.ts';

/** Since when a payment is missing. */
export interface PastDue {
  readonly at: Time;
  readonly grace_until: Time;
  readonly invoice_id: string;
  /** Days after `at` on which the customer is reminded. */
  readonly reminder_days: readonly number[];
  /** When the subscription is canceled, if it is still unpaid. */
  readonly cancels_at: Time;
  /** The day of the last reminder; -1 = none yet. */
  readonly reminded: number;
  readonly grace_ended: boolean;
}

export interface Subscription extends SubscriptionTerms {
  readonly status: SubscriptionStatus;
  /** Only one such subscription may live for its subscriber and product. */
  readonly sole: boolean;
  readonly created_at: Time;
  /** Length of the periods; null = one period without a next one (grants). */
  readonly interval: Interval | null;
  /** Period boundaries are counted from here; null before the first period. */
  readonly billing_anchor: Time | null;
  readonly period: Period | null;
  readonly trial: Period | null;
  /** The customer was told that the trial, or the yearly period, ends soon. */
  readonly notified_for: Time | null;
  readonly valid_until: Time | null;
  readonly pending_until: Time | null;
  readonly cancel_at_period_end: boolean;
  readonly cancel_reason: string | null;
  readonly canceled_at: Time | null;
  readonly paused_at: Time | null;
  readonly resumes_at: Time | null;
  readonly past_due: PastDue | null;
  /** Invoices that are not paid yet, and those of them whose payment failed or is overdue. */
  readonly unpaid: readonly string[];
  readonly overdue: readonly string[];
  /** The invoice of the present period; null = it costs nothing. */
  readonly period_invoice_id: string | null;
  /** The period of the first invoice; null = it begins with the payment, or there is no such invoice. */
  readonly first_period: Period | null;
  readonly latest_invoice_id: string | null;
  /** Invoices for what was used until the end of the subscription: at its end, and for what became known later. */
  readonly final_invoice_ids: readonly string[];
  /** Invoices of which was told that they could not be issued. */
  readonly blocked: readonly string[];
  /** Until when usage may become known after the end; null = none is awaited. */
  readonly usage_open_until: Time | null;
  /** When the provider that bills it was last found to say something new; null = never. */
  readonly observed_at: Time | null;
  readonly pending_change: ScheduledChange | null;
  readonly discount: Discount | null;
  /** What the first period costs after discounts, without setup: its basis once it begins. */
  readonly first_amount: number;
  readonly basis: Basis | null;
  /** What it had before its last change in this period. */
  readonly former: Former | null;
  /** The prices whose usage was not charged yet; null before the first period. */
  readonly priced: Priced | null;
}
export type SubscriptionState = { readonly status: 'none' } | Subscription;

const initialState: SubscriptionState = { status: 'none' };

const evolve = (state: SubscriptionState, event: SubscriptionEvent): SubscriptionState => {
  if (event.type === 'subscription.created') return created(event);
  if (state.status === 'none') return state;
  const known: Subscription = {
    ...state,
    status: event.status ?? state.status,
    priced: pricedAfter(state.priced, event),
  };
  switch (event.type) {
    case 'subscription.activated': {
      const period = periodOf(event);
      return {
        ...known,
        ...(event.paid ? settled(known, event.invoice_id) : {}),
        period,
        billing_anchor: event.billing_anchor,
        trial: event.trial ? period : known.trial,
        valid_until: event.valid_until,
        pending_until: null,
        period_invoice_id: event.invoice_id,
        basis: event.trial ? null : { amount: event.basis_amount, from: period.start, until: period.end },
      };
    }
    case 'subscription.trial_will_end':
      return { ...known, notified_for: event.trial_end };
    case 'subscription.renewal_upcoming':
      return { ...known, notified_for: event.renews_at };
    case 'subscription.renewal_invoiced': {
      const period = periodOf(event);
      return {
        ...charged(known, event.charge),
        period,
        billing_anchor: event.billing_anchor,
        valid_until: event.valid_until,
        period_invoice_id: event.invoice_id,
        basis: { amount: event.basis_amount, from: period.start, until: period.end },
        former: null,
      };
    }
    case 'subscription.renewed':
      return {
        ...known,
        ...settled(known, event.invoice_id),
        period: periodOf(event),
        billing_anchor: event.billing_anchor,
        valid_until: event.valid_until,
        period_invoice_id: event.invoice_id,
      };
    case 'subscription.past_due': {
      const { invoice_id, past_due_at: at, grace_until, reminder_days, cancels_at } = event;
      const ladder = { grace_until, reminder_days, cancels_at, reminded: -1, grace_ended: false };
      return {
        ...known,
        past_due: { at, invoice_id, ...ladder },
        overdue: [...new Set([...known.overdue, invoice_id])],
      };
    }
    case 'subscription.invoice_missed':
      return { ...known, overdue: [...known.overdue, event.invoice_id] };
    case 'subscription.reminded':
      return { ...known, past_due: known.past_due && { ...known.past_due, reminded: event.day } };
    case 'subscription.grace_ended':
      return { ...known, past_due: known.past_due && { ...known.past_due, grace_ended: true } };
    case 'subscription.recovered':
      return {
        ...known,
        ...settled(known, event.invoice_id),
        past_due: null,
        period: periodOf(event),
        billing_anchor: event.billing_anchor,
        valid_until: event.valid_until,
      };
    case 'subscription.plan_changed': {
      const { plan_id, price_id, quantity, interval, billing_anchor, valid_until, basis, former } = event;
      const changed = { ...known, plan_id, price_id, quantity, interval, billing_anchor, valid_until, basis, former };
      const begins = event.charge !== null && event.period_start === event.changed_at;
      const period_invoice_id = begins ? event.invoice_id : known.period_invoice_id;
      const moved = { ...changed, period: periodOf(event), period_invoice_id, pending_change: null };
      return event.charge === null ? moved : charged(moved, event.charge);
    }
    case 'subscription.change_scheduled':
      return { ...known, pending_change: event.change };
    case 'subscription.change_refused':
      return { ...known, pending_change: null };
    case 'subscription.cancellation_scheduled':
      return {
        ...known,
        cancel_at_period_end: event.cancel_at_period_end,
        cancel_reason: event.reason,
      };
    case 'subscription.canceled':
      return {
        ...(event.charge === null ? known : charged(known, event.charge)),
        final_invoice_ids: event.charge === null ? [] : [event.charge.invoice_id],
        usage_open_until: event.usage_open_until,
        canceled_at: event.canceled_at,
        cancel_reason: event.reason,
        valid_until: event.valid_until,
        past_due: null,
        pending_change: null,
        resumes_at: null,
      };
    case 'subscription.invoice_blocked':
      return { ...known, blocked: [...known.blocked, event.invoice_id] };
    case 'subscription.observed': {
      const { provider_id, invoice_id: latest_invoice_id, observed_at } = event;
      return { ...known, provider_id, latest_invoice_id, observed_at };
    }
    case 'subscription.usage_settled':
      return {
        ...(event.charge === null ? known : charged(known, event.charge)),
        final_invoice_ids: [...known.final_invoice_ids, ...(event.charge === null ? [] : [event.charge.invoice_id])],
        usage_open_until: null,
      };
    case 'subscription.expired':
      return { ...known, pending_until: null, pending_change: null };
    case 'subscription.paused':
      return { ...known, paused_at: event.paused_at, resumes_at: event.resumes_at, past_due: null };
    case 'subscription.unpaused': {
      const period = periodOf(event);
      return {
        ...known,
        paused_at: null,
        resumes_at: null,
        period,
        billing_anchor: event.billing_anchor,
        valid_until: event.valid_until,
        basis: known.basis && { ...known.basis, until: period.end },
        former: null,
      };
    }
    case 'subscription.discount_changed':
      return { ...known, discount: event.discount };
    case 'subscription.invoice_settled':
      return { ...known, ...settled(known, event.invoice_id) };
    case 'subscription.granted':
    case 'subscription.refunded':
    case 'subscription.disputed':
      return known;
    default:
      return state;
  }
};

const created = (event: Extract<SubscriptionEvent, { type: 'subscription.created' }>): Subscription => {
  const { type: _type, basis_amount: first_amount, charge, discount, ...terms } = event;
  const fresh: Subscription = {
    ...terms,
    billing_anchor: null,
    period: null,
    trial: null,
    notified_for: null,
    valid_until: null,
    cancel_at_period_end: false,
    cancel_reason: null,
    canceled_at: null,
    paused_at: null,
    resumes_at: null,
    past_due: null,
    unpaid: [],
    overdue: [],
    period_invoice_id: null,
    first_period: charge?.period ?? null,
    latest_invoice_id: null,
    final_invoice_ids: [],
    blocked: [],
    usage_open_until: null,
    observed_at: null,
    pending_change: null,
    discount,
    first_amount,
    basis: null,
    former: null,
    priced: null,
  };
  return charge === null ? fresh : charged(fresh, charge);
};

const periodOf = ({ period_start, period_end }: Periodic): Period => ({ start: period_start, end: period_end });

const charged = (state: Subscription, charge: Charge): Subscription => ({
  ...state,
  latest_invoice_id: charge.invoice_id,
  unpaid: [...state.unpaid, charge.invoice_id],
  discount: state.discount && { ...state.discount, used: state.discount.used || charge.discounts.length > 0 },
});

const settled = (
  { unpaid, overdue }: Subscription,
  invoice_id: string | null,
): Pick<Subscription, 'unpaid' | 'overdue'> => ({
  unpaid: unpaid.filter((id) => id !== invoice_id),
  overdue: overdue.filter((id) => id !== invoice_id),
});

/** One stream per subscription, `sub_…`. */
export const subscriptionStream = { name: 'subscription', initialState, evolve };
