import { periodBoundary } from '../../shared/calendar.ts';
import { addDays, type Time } from '../../shared/time.ts';
import type { Period, WantedLine } from '../invoice/invoice.lines.ts';
import { itemAmount, itemLines, setupLines } from './subscription.charges.ts';
import { type Discount, discountsAt } from './subscription.discount.ts';
import { refuseSubscription } from './subscription.errors.ts';
import { intervalOf, type Offer } from './offer.ts';
import { type Charge, onSubscription, type SubscriptionEvent, type SubscriptionTerms } from './subscription.events.ts';
import type { SubscriptionStatus } from './subscription.statuses.ts';

/** Starts a paid or free subscription, or one with a trial. */
export interface Subscribe {
  readonly type: 'Subscribe';
  readonly now: Time;
  readonly terms: SubscriptionTerms;
  readonly offer: Offer;
  /** Only one such subscription may live for its subscriber and product. */
  readonly sole: boolean;
  /** 0 = no trial, or the customer has had the trial of this product. */
  readonly trial_days: number;
  readonly discount: Discount | null;
  /** Id of the first invoice, if one is needed. */
  readonly invoice_id: string;
  /** Days until the first invoice is due; null = at once, as an automatic payment is. */
  readonly due_days: number | null;
  /** Until when the first payment may arrive. */
  readonly pending_until: Time;
  readonly recipient_sealed: string | null;
}

/** A subscription begins once its first payment arrives, or at once if it costs nothing, begins with a trial, or is paid later. */
export const subscribe = (command: Subscribe): readonly SubscriptionEvent[] => {
  const { offer, terms, now, trial_days } = command;
  const interval = intervalOf(offer.price) ?? refuseSubscription('PRICE_NOT_RECURRING');
  if (offer.price.usage !== null && terms.quantity !== 1) return refuseSubscription('INVALID_QUANTITY');
  if (!offer.plan.active) return refuseSubscription('PLAN_INACTIVE');
  // It begins when its provider says so.
  if (terms.biller !== 'keyledger') return [created(command, 'pending_payment', null)];
  if (trial_days > 0) return begin(command, { start: now, end: addDays(now, trial_days) }, true, null);
  const period = { start: now, end: periodBoundary(now, interval, 1) };
  // The period of a transfer that takes days begins with its arrival, so the invoice cannot name it yet.
  const isLater = command.due_days !== null && offer.plan.activate_on === 'payment';
  const lines = firstLines(command, isLater ? null : period);
  const charge = lines.length === 0 ? null : chargeOf(command, lines, isLater ? null : period);
  const begins = charge === null || (command.due_days !== null && offer.plan.activate_on === 'invoice');
  return begins ? begin(command, period, false, charge) : [created(command, 'pending_payment', charge)];
};

const firstLines = ({ offer, terms }: Subscribe, period: Period | null): readonly WantedLine[] => [
  ...itemLines(offer, terms.quantity, period),
  ...setupLines(offer),
];

const chargeOf = (command: Subscribe, lines: readonly WantedLine[], period: Period | null): Charge => ({
  invoice_id: command.invoice_id,
  reason: 'subscription_create',
  currency: command.offer.price.currency,
  lines,
  discounts: discountsAt(command.discount, command.now),
  period,
  due_at: addDays(command.now, command.due_days ?? 0),
});

const created = (command: Subscribe, status: SubscriptionStatus, charge: Charge | null): SubscriptionEvent => ({
  type: 'subscription.created',
  ...command.terms,
  ...onSubscription(command.terms, status),
  sole: command.sole,
  created_at: command.now,
  interval: intervalOf(command.offer.price),
  discount: command.discount,
  pending_until: status === 'pending_payment' ? command.pending_until : null,
  charge,
  basis_amount: itemAmount(command.offer, command.terms.quantity, command.discount, command.now),
});

const begin = (
  command: Subscribe,
  period: Period,
  trial: boolean,
  charge: Charge | null,
): readonly SubscriptionEvent[] => {
  const { offer, terms, discount, now } = command;
  const status = trial ? 'trialing' : 'active';
  return [
    created(command, status, charge),
    {
      type: 'subscription.activated',
      ...onSubscription(terms, status),
      period_start: period.start,
      period_end: period.end,
      // The periods that are paid are counted from the end of the trial.
      billing_anchor: trial ? period.end : period.start,
      // An invoice gives time until it is due, its payment gives the period.
      valid_until: charge === null ? period.end : addDays(now, command.due_days ?? 0),
      trial,
      invoice_id: charge?.invoice_id ?? null,
      paid: charge === null,
      basis_amount: trial ? 0 : itemAmount(offer, terms.quantity, discount, now),
      recipient_sealed: command.recipient_sealed,
    },
  ];
};

/** Begins a subscription whose first period was paid beforehand: by the late payment of an invoice of one that had ended. */
export interface Restart extends Pick<
  Subscribe,
  'now' | 'terms' | 'offer' | 'sole' | 'invoice_id' | 'recipient_sealed'
> {
  readonly type: 'Restart';
}

export const restart = (command: Restart): readonly SubscriptionEvent[] => {
  const { offer, now, invoice_id } = command;
  const interval = intervalOf(offer.price) ?? refuseSubscription('PRICE_NOT_RECURRING');
  const period = { start: now, end: periodBoundary(now, interval, 1) };
  const begun = begin(
    { ...command, type: 'Subscribe', trial_days: 0, discount: null, due_days: null, pending_until: now },
    period,
    false,
    null,
  );
  return begun.map((event) => (event.type === 'subscription.activated' ? { ...event, invoice_id } : event));
};
