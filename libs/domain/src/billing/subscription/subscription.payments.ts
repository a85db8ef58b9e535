import { periodBoundary } from '../../shared/calendar.ts';
import { addDays, type Time } from '../../shared/time.ts';
import { onSubscription, type SubscriptionEvent } from './subscription.events.ts';
import type { Subscription } from './subscription.ts';

/** An invoice of the subscription was paid, or the operator voided it. */
export interface InvoiceSettled {
  readonly type: 'InvoiceSettled';
  readonly now: Time;
  readonly invoice_id: string;
  /** It was paid, and not voided. */
  readonly paid: boolean;
  readonly recipient_sealed: string | null;
}

/** How long a payment may be missing. */
export interface Dunning {
  /** Days after which the customer is reminded. */
  readonly reminder_days: readonly number[];
  /** Days after which the subscription is canceled. */
  readonly unpaid_days: number;
}

/** A payment of an invoice failed, or the invoice is overdue. */
export interface InvoiceMissed extends Dunning {
  readonly type: 'InvoiceMissed';
  readonly at: Time;
  readonly invoice_id: string;
  /** No further attempt follows. */
  readonly final: boolean;
  /** Of the plan. */
  readonly grace_days: number;
}

export const invoiceSettled = (command: InvoiceSettled, state: Subscription): readonly SubscriptionEvent[] => {
  const { invoice_id } = command;
  if (!state.unpaid.includes(invoice_id)) return [];
  switch (state.status) {
    case 'pending_payment':
      // A voided invoice delivers nothing.
      return command.paid ? [activated(command, state)] : [expired(state, 'invoice_voided', command.now)];
    case 'past_due':
      return state.overdue.every((id) => id === invoice_id)
        ? [recovered(command, state)]
        : [settled(state, invoice_id)];
    case 'active':
    case 'trialing':
    case 'paused':
      return state.period_invoice_id === invoice_id ? [paid(state, invoice_id)] : [settled(state, invoice_id)];
    case 'canceled':
    case 'expired':
      return [settled(state, invoice_id)];
    default:
      return state.status satisfies never;
  }
};

/** A subscription that ends before it began. */
export const expired = (state: Subscription, reason: string, expired_at: Time): SubscriptionEvent => ({
  type: 'subscription.expired',
  ...onSubscription(state, 'expired'),
  reason,
  expired_at,
});

const settled = (state: Subscription, invoice_id: string): SubscriptionEvent => ({
  type: 'subscription.invoice_settled',
  ...onSubscription(state, state.status),
  invoice_id,
});

/** The first payment begins the first period: the one that the invoice names, or one that begins now. */
const activated = ({ now, invoice_id, recipient_sealed }: InvoiceSettled, state: Subscription): SubscriptionEvent => {
  const start = state.first_period?.start ?? now;
  const period_end =
    state.first_period?.end ?? (state.interval === null ? now : periodBoundary(start, state.interval, 1));
  return {
    type: 'subscription.activated',
    ...onSubscription(state, 'active'),
    period_start: start,
    period_end,
    billing_anchor: start,
    valid_until: period_end,
    trial: false,
    invoice_id,
    paid: true,
    basis_amount: state.first_amount,
    recipient_sealed,
  };
};

const paid = (state: Subscription, invoice_id: string): SubscriptionEvent => ({
  type: 'subscription.renewed',
  ...onSubscription(state, state.status),
  ...span(state),
  valid_until: span(state).period_end,
  invoice_id,
});

/**
 * The period that was not paid is paid now. If the license was suspended meanwhile and the period is over, the next one begins now:
 * time without a license is not charged.
 */
const recovered = ({ now, invoice_id }: InvoiceSettled, state: Subscription): SubscriptionEvent => {
  const { period_start, period_end, billing_anchor } = span(state);
  const restarts = (state.past_due?.grace_ended ?? false) && period_end < now;
  const end = restarts ? now : period_end;
  // Another invoice may have been overdue: the period is valid only once its own is paid.
  const isPeriodOpen = state.period_invoice_id !== invoice_id && state.unpaid.includes(state.period_invoice_id ?? '');
  return {
    type: 'subscription.recovered',
    ...onSubscription(state, 'active'),
    period_start,
    period_end: end,
    billing_anchor: restarts ? now : billing_anchor,
    valid_until: isPeriodOpen ? (state.valid_until ?? end) : end,
    invoice_id,
  };
};

const span = ({ period, billing_anchor, created_at }: Subscription) => ({
  period_start: period?.start ?? created_at,
  period_end: period?.end ?? created_at,
  billing_anchor: billing_anchor ?? created_at,
});

export const invoiceMissed = (command: InvoiceMissed, state: Subscription): readonly SubscriptionEvent[] => {
  const { invoice_id, at, final } = command;
  if (!state.unpaid.includes(invoice_id) || state.overdue.includes(invoice_id)) return [];
  switch (state.status) {
    case 'pending_payment':
      return final ? [expired(state, 'payment_failed', at)] : [];
    case 'active':
    case 'trialing':
      return [pastDue(command, state)];
    case 'past_due':
    case 'paused':
      return [{ type: 'subscription.invoice_missed', ...onSubscription(state, state.status), invoice_id }];
    case 'canceled':
    case 'expired':
      return [];
    default:
      return state.status satisfies never;
  }
};

/** The beginning of the time in which a payment is missing. */
export const pastDue = (
  { invoice_id, at, grace_days, reminder_days, unpaid_days }: Omit<InvoiceMissed, 'type' | 'final'>,
  state: Subscription,
): SubscriptionEvent => ({
  type: 'subscription.past_due',
  ...onSubscription(state, 'past_due'),
  invoice_id,
  past_due_at: at,
  grace_until: addDays(at, grace_days),
  reminder_days,
  cancels_at: addDays(at, Math.max(unpaid_days, grace_days)),
});
