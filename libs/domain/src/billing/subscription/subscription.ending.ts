import type { Time } from '../../shared/time.ts';
import type { WantedLine } from '../invoice/invoice.lines.ts';
import type { Offer } from './offer.ts';
import { discountsAt } from './subscription.discount.ts';
import { refuseSubscription } from './subscription.errors.ts';
import { type Charge, onSubscription, type SubscriptionEvent } from './subscription.events.ts';
import type { Subscription } from './subscription.ts';

/** Ends a subscription now, or with its period. */
export interface Cancel {
  readonly type: 'Cancel';
  readonly now: Time;
  readonly when: 'now' | 'period_end';
  readonly reason: string | null;
  readonly feedback: string | null;
  /** As in `LetTimePass`: what was used and not charged yet. */
  readonly offer: Offer | null;
  readonly usage: readonly WantedLine[];
  readonly invoice_id: string;
}

export const cancel = (command: Cancel, state: Subscription): readonly SubscriptionEvent[] => {
  const { when, reason, feedback, now } = command;
  if (state.status === 'canceled') return [];
  if (state.status === 'expired') return refuseSubscription('INVALID_TRANSITION', { status: state.status });
  if (when === 'now' || state.period === null) return [canceled(command, state, reason, now)];
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

const canceled = (command: Cancel, state: Subscription, reason: string | null, now: Time): SubscriptionEvent => ({
  type: 'subscription.canceled',
  ...onSubscription(state, 'canceled'),
  reason,
  feedback: command.feedback,
  canceled_at: now,
  valid_until: state.valid_until !== null && state.valid_until < now ? state.valid_until : now,
  charge: lastCharge(command, now, state),
});

/** The charge for what was used until the end of a subscription; null = nothing was. */
export const lastCharge = (
  { offer, usage, invoice_id }: Pick<Cancel, 'offer' | 'usage' | 'invoice_id'>,
  until: Time,
  { period, discount }: Subscription,
): Charge | null =>
  offer === null || usage.length === 0 || period === null
    ? null
    : {
        invoice_id,
        reason: 'subscription_cycle',
        currency: offer.price.currency,
        lines: usage,
        discounts: discountsAt(discount, until),
        period: { start: period.start, end: until },
        due_at: until,
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
}

/** A refund of the present period in full ends the subscription. Refunds of older invoices, and partial ones, end nothing. */
export const refunded = (command: Refunded, state: Subscription): readonly SubscriptionEvent[] => {
  const { invoice_id, reason, now, ends } = command;
  if (state.period_invoice_id !== invoice_id || state.status === 'canceled' || state.status === 'expired') return [];
  const event = { type: 'subscription.refunded', ...onSubscription(state, state.status), invoice_id, reason } as const;
  if (!ends) return [event];
  const last: Cancel = {
    type: 'Cancel',
    now,
    when: 'now',
    reason: 'refunded',
    feedback: null,
    offer: null,
    usage: [],
    invoice_id,
  };
  return [event, canceled(last, state, 'refunded', now)];
};
