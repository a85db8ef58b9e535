import { periodBoundary, periodIndex } from '../../shared/calendar.ts';
import { addDays, type Time } from '../../shared/time.ts';
import type { Period } from '../invoice/invoice.lines.ts';
import { itemAmount, itemLines } from './subscription.charges.ts';
import { discountsAt } from './subscription.discount.ts';
import { intervalOf, isSameInterval, type Offer } from './offer.ts';
import { type Dunning, expired, pastDue } from './subscription.payments.ts';
import { nextStep } from './subscription.schedule.ts';
import { ended, type LastUsage, settleUsage } from './subscription.ending.ts';
import { unpause } from './subscription.pause.ts';
import { onSubscription, type ScheduledChange, type SubscriptionEvent } from './subscription.events.ts';
import type { Subscription } from './subscription.ts';

/** Does the next thing that is due. The caller repeats it until nothing happens. */
export interface LetTimePass extends LastUsage {
  readonly type: 'LetTimePass';
  readonly now: Time;
  /** The scheduled change: what is subscribed to next, and whether what is in use fits into it; null = none. */
  readonly next: { readonly offer: Offer; readonly fits: boolean } | null;
  readonly dunning: Dunning;
}

export const letTimePass = (command: LetTimePass, state: Subscription): readonly SubscriptionEvent[] => {
  const next = nextStep(state);
  if (next === undefined || next.at > command.now) return [];
  const { period, past_due } = state;
  switch (next.step) {
    case 'close_payment_window':
      return [expired(state, 'payment_window', next.at)];
    case 'tell_trial_end':
      return period === null
        ? []
        : [{ type: 'subscription.trial_will_end', ...onSubscription(state, state.status), trial_end: period.end }];
    case 'tell_renewal':
      return tellRenewal(command, state);
    case 'end_period':
      return period === null ? [] : endPeriod(command, state, period);
    case 'miss_payment':
      return missPayment(command, state);
    case 'unpause':
      return unpause({ now: next.at }, state);
    case 'remind':
      return past_due === null ? [] : [remind(command.now, state, past_due)];
    case 'end_grace':
      return past_due === null
        ? []
        : [
            {
              type: 'subscription.grace_ended',
              ...onSubscription(state, 'past_due'),
              invoice_id: past_due.invoice_id,
              past_due_at: past_due.at,
            },
          ];
    case 'give_up':
      return [ended(command, state, { reason: 'unpaid', feedback: null, at: next.at, now: command.now })];
    case 'settle_usage':
      return [settleUsage(command, state, command.now)];
    default:
      return next.step satisfies never;
  }
};

const tellRenewal = ({ offer }: LetTimePass, state: Subscription): readonly SubscriptionEvent[] => {
  if (offer === null || state.period === null) return [];
  return [
    {
      type: 'subscription.renewal_upcoming',
      ...onSubscription(state, state.status),
      renews_at: state.period.end,
      currency: offer.price.currency,
      amount: itemAmount(offer, state.quantity, state.discount, state.period.end),
    },
  ];
};

const missPayment = ({ now, offer, dunning }: LetTimePass, state: Subscription): readonly SubscriptionEvent[] =>
  state.overdue
    .slice(0, 1)
    .map((invoice_id) => pastDue({ invoice_id, at: now, grace_days: offer?.plan.grace_days ?? 0, ...dunning }, state));

/** Several reminders that are due together are one: the latest. */
const remind = (
  now: Time,
  state: Subscription,
  { at, reminder_days, invoice_id }: NonNullable<Subscription['past_due']>,
): SubscriptionEvent => ({
  type: 'subscription.reminded',
  ...onSubscription(state, 'past_due'),
  invoice_id,
  day: Math.max(...reminder_days.filter((day) => addDays(at, day) <= now)),
});

const endPeriod = (command: LetTimePass, state: Subscription, ending: Period): readonly SubscriptionEvent[] => {
  const { offer, next } = command;
  if (state.cancel_at_period_end) {
    const { cancel_reason: reason } = state;
    return [ended(command, state, { reason, feedback: null, at: ending.end, now: command.now })];
  }
  if (offer === null) return [expired(state, 'grant_ended', ending.end)];
  if (state.pending_change !== null && next !== null) return change(state, state.pending_change, next, ending);
  return renew(command, offer, state, ending);
};

/** A scheduled change is made just before the renewal, which charges it. What does not fit by then is not changed. */
const change = (
  state: Subscription,
  { plan_id, price_id, quantity }: ScheduledChange,
  { offer, fits }: NonNullable<LetTimePass['next']>,
  { start, end }: Period,
): readonly SubscriptionEvent[] => {
  const refused = !fits ? 'IN_USE' : !offer.active || !offer.plan.active ? 'PLAN_INACTIVE' : undefined;
  if (refused !== undefined)
    return [
      {
        type: 'subscription.change_refused',
        ...onSubscription(state, state.status),
        to_price_id: price_id,
        reason: refused,
      },
    ];
  const interval = intervalOf(offer.price);
  return [
    {
      type: 'subscription.plan_changed',
      ...onSubscription({ ...state, plan_id, price_id, quantity }, state.status),
      previous_plan_id: state.plan_id,
      previous_price_id: state.price_id,
      previous_quantity: state.quantity,
      changed_at: end,
      period_start: start,
      period_end: end,
      interval,
      billing_anchor: isSameInterval(interval, state.interval) ? (state.billing_anchor ?? end) : end,
      valid_until: state.valid_until ?? end,
      invoice_id: null,
      charge: null,
      basis: state.basis,
      former: null,
    },
  ];
};

/** The next period, counted from the anchor. What was used in the period that ends is charged with it. */
const renew = (
  command: LetTimePass,
  offer: Offer,
  state: Subscription,
  { end }: Period,
): readonly SubscriptionEvent[] => {
  const interval = intervalOf(offer.price) ?? { unit: 'month', count: 1 };
  const billing_anchor = state.billing_anchor ?? end;
  const period = {
    start: end,
    end: periodBoundary(billing_anchor, interval, periodIndex(billing_anchor, interval, end) + 1),
  };
  const on = { ...onSubscription(state, 'active'), period_start: period.start, period_end: period.end, billing_anchor };
  const lines = [...itemLines(offer, state.quantity, period), ...command.usage];
  if (lines.length === 0) return [{ type: 'subscription.renewed', ...on, valid_until: period.end, invoice_id: null }];
  const due_at = addDays(command.now, command.due_days ?? 0);
  return [
    {
      type: 'subscription.renewal_invoiced',
      ...on,
      invoice_id: command.invoice_id,
      due_at,
      // The license works until the invoice is due. A payment that is collected at once needs no such time.
      valid_until: laterOf(state.valid_until ?? period.start, command.due_days === null ? period.start : due_at),
      charge: {
        invoice_id: command.invoice_id,
        reason: 'subscription_cycle',
        currency: offer.price.currency,
        lines,
        discounts: discountsAt(state.discount, period.start),
        period,
        due_at,
      },
      basis_amount: itemAmount(offer, state.quantity, state.discount, period.start),
    },
  ];
};

const laterOf = (a: Time, b: Time): Time => (a > b ? a : b);
