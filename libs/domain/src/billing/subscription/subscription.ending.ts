import { addDays, type Time } from '../../shared/time.ts';
import type { WantedLine } from '../invoice/invoice.lines.ts';
import type { Offer } from './offer.ts';
import { discountsAt } from './subscription.discount.ts';
import { refuseSubscription } from './subscription.errors.ts';
import { type Charge, onSubscription, type SubscriptionEvent } from './subscription.events.ts';
import type { Subscription } from './subscription.ts';

/** What was used until the end of a subscription and not charged yet: there is no next invoice that could contain it. */
export interface LastUsage {
  readonly offer: Offer | null;
  /** As it is known at the end. */
  readonly usage: readonly WantedLine[];
  /** Until when more of it may become known; null = it cannot, as no price is metered. */
  readonly usage_open_until: Time | null;
  /** Id of the invoice. */
  readonly invoice_id: string;
  /** As in `Subscribe`. */
  readonly due_days: number | null;
}

/** Ends a subscription now, or with its period. */
export interface Cancel extends LastUsage {
  readonly type: 'Cancel';
  readonly now: Time;
  readonly when: 'now' | 'period_end';
  readonly reason: string | null;
  readonly feedback: string | null;
}

export const cancel = (command: Cancel, state: Subscription): readonly SubscriptionEvent[] => {
  const { when, reason, feedback, now } = command;
  if (state.status === 'canceled') return [];
  if (state.status === 'expired') return refuseSubscription('INVALID_TRANSITION', { status: state.status });
  if (when === 'now' || state.period === null) return [ended(command, state, { reason, feedback, at: now, now })];
  if (state.cancel_at_period_end) return [];
  return [
    {
      type: 'subscription.cancellation_scheduled',
      ...onSubscription(state, state.status),
      cancel_at_period_end: true,
      ends_at: state.period.end,
      reason,
      feedback,
    },
  ];
};

interface Ending {
  readonly reason: string | null;
  readonly feedback: string | null;
  /** When it ends, and when that is recorded. */
  readonly at: Time;
  readonly now: Time;
}

/** The end of a subscription, whatever brought it. What was used until then is charged. */
export const ended = (
  last: LastUsage,
  state: Subscription,
  { reason, feedback, at, now }: Ending,
): SubscriptionEvent => ({
  type: 'subscription.canceled',
  ...onSubscription(state, 'canceled'),
  reason,
  feedback,
  canceled_at: at,
  valid_until: state.valid_until !== null && state.valid_until < at ? state.valid_until : at,
  charge: chargeOf(last, state, at, now, discountsAt(state.discount, at)),
  usage_open_until: state.period === null ? null : last.usage_open_until,
});

/** The usage that became known after the end is charged, once. Nothing is accepted after that. */
export const settleUsage = (last: LastUsage, state: Subscription, now: Time): SubscriptionEvent => {
  const at = state.canceled_at ?? now;
  // The invoice at the end has used up a fixed discount.
  const discounts = discountsAt(state.discount, at).filter(
    ({ percent_off }) => percent_off !== null || state.final_invoice_ids.length === 0,
  );
  return {
    type: 'subscription.usage_settled',
    ...onSubscription(state, state.status),
    charge: chargeOf(last, state, at, now, discounts),
  };
};

const chargeOf = (
  { offer, usage, invoice_id, due_days }: LastUsage,
  { period }: Subscription,
  at: Time,
  now: Time,
  discounts: Charge['discounts'],
): Charge | null =>
  offer === null || usage.length === 0 || period === null
    ? null
    : {
        invoice_id,
        reason: 'subscription_cycle',
        currency: offer.price.currency,
        lines: usage,
        discounts,
        period: { start: period.start, end: at },
        due_at: addDays(now, due_days ?? 0),
      };

/** Takes back a cancellation that has not happened yet. */
export const resume = (state: Subscription): readonly SubscriptionEvent[] => {
  if (state.status === 'canceled' || state.status === 'expired')
    return refuseSubscription('INVALID_TRANSITION', { status: state.status });
  if (!state.cancel_at_period_end) return [];
  return [
    {
      type: 'subscription.cancellation_scheduled',
      ...onSubscription(state, state.status),
      cancel_at_period_end: false,
      ends_at: null,
      reason: null,
      feedback: null,
    },
  ];
};

/** What a full refund of an invoice does. `ends` = the refund policy of the plan ends the subscription. */
export interface Refunded {
  readonly type: 'Refunded';
  readonly now: Time;
  readonly invoice_id: string;
  readonly reason: string | null;
  readonly ends: boolean;
  readonly last: LastUsage;
}

/** A refund of the present period in full ends the subscription. Refunds of older invoices, and partial ones, end nothing. */
export const refunded = (command: Refunded, state: Subscription): readonly SubscriptionEvent[] => {
  const { invoice_id, reason, now, ends } = command;
  if (state.period_invoice_id !== invoice_id || state.status === 'canceled' || state.status === 'expired') return [];
  const event = { type: 'subscription.refunded', ...onSubscription(state, state.status), invoice_id, reason } as const;
  // What a provider bills is canceled there, and observed.
  if (!ends || state.biller !== 'keyledger') return [event];
  return [event, ended(command.last, state, { reason: 'refunded', feedback: null, at: now, now })];
};
