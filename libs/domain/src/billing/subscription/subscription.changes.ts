import { periodBoundary } from '../../shared/calendar.ts';
import { addDays, type Time } from '../../shared/time.ts';
import type { Period, WantedLine } from '../invoice/invoice.lines.ts';
import { changeCharge } from './subscription.charges.ts';
import { refuseSubscription } from './subscription.errors.ts';
import { type InUse, intervalOf, isSameInterval, type Offer, tooSmall } from './offer.ts';
import {
  type Charge,
  type Item,
  onSubscription,
  type ScheduledChange,
  type SubscriptionEvent,
} from './subscription.events.ts';
import type { Subscription } from './subscription.ts';

/** Changes price, plan or quantity, now or at the end of the period. */
export interface ChangeItem {
  readonly type: 'ChangeItem';
  readonly now: Time;
  readonly when: 'now' | 'period_end';
  readonly from: Offer;
  readonly to: Offer;
  readonly quantity: number;
  readonly in_use: InUse;
  readonly invoice_id: string;
  readonly due_days: number | null;
}

export const changeItem = (command: ChangeItem, state: Subscription): readonly SubscriptionEvent[] => {
  const { to, quantity, when } = command;
  const { period } = state;
  assertPossible(command, state);
  const item = { plan_id: to.plan.plan_id, price_id: to.price_id, quantity };
  if (isSame(item, state)) return state.pending_change === null ? [] : [scheduled(state, null)];
  if (period === null) return refuseSubscription('INVALID_TRANSITION', { status: state.status });
  if (when === 'period_end') {
    const change = { ...item, effective_at: period.end };
    return isSameChange(change, state.pending_change) ? [] : [scheduled(state, change)];
  }
  const over = tooSmall(to.plan, quantity, command.in_use);
  if (over !== undefined) return refuseSubscription('IN_USE', over);
  return [
    state.status === 'trialing' ? duringTrial(command, state, item, period) : atOnce(command, state, item, period),
  ];
};

const assertPossible = ({ to, from, quantity }: ChangeItem, state: Subscription): void => {
  if ((state.status !== 'active' && state.status !== 'trialing') || state.price_id === null)
    refuseSubscription('INVALID_TRANSITION', { status: state.status });
  if (to.price.product_id !== state.product_id) refuseSubscription('PLAN_OF_ANOTHER_PRODUCT');
  if (to.price.currency !== from.price.currency) refuseSubscription('CURRENCY_MISMATCH');
  if (intervalOf(to.price) === null) refuseSubscription('PRICE_NOT_RECURRING');
  if (to.price.usage !== null && quantity !== 1) refuseSubscription('INVALID_QUANTITY');
  if (to.price_id !== state.price_id && (!to.active || !to.plan.active)) refuseSubscription('PLAN_INACTIVE');
};

const isSame = (a: Item, b: Item): boolean => a.price_id === b.price_id && a.quantity === b.quantity;

const isSameChange = (a: ScheduledChange, b: ScheduledChange | null): boolean =>
  b !== null && isSame(a, b) && a.effective_at === b.effective_at;

const scheduled = (state: Subscription, change: ScheduledChange | null): SubscriptionEvent => ({
  type: 'subscription.change_scheduled',
  ...onSubscription(state, state.status),
  effective_at: change?.effective_at ?? null,
  to_price_id: change?.price_id ?? null,
  change,
});

const duringTrial = ({ to, now }: ChangeItem, state: Subscription, item: Item, period: Period): SubscriptionEvent => ({
  ...changed(state, item, period, now),
  interval: intervalOf(to.price),
  billing_anchor: state.billing_anchor ?? period.end,
});

/**
 * The unused time of the present item is credited as far as it was charged, and the new item is charged for the rest of the period,
 * by the second. An item with another interval begins a period of its own.
 */
const atOnce = (command: ChangeItem, state: Subscription, item: Item, present: Period): SubscriptionEvent => {
  const { to, now, due_days } = command;
  const due_at = addDays(now, due_days ?? 0);
  const interval = intervalOf(to.price);
  const stays = isSameInterval(interval, state.interval);
  const period = stays || interval === null ? present : { start: now, end: periodBoundary(now, interval, 1) };
  const { lines, basis, former } = changeCharge(command, state, period);
  // What is not paid yet cannot be given back.
  if (isCredit(lines) && state.unpaid.includes(state.period_invoice_id ?? ''))
    return refuseSubscription('INVOICE_UNPAID', { invoice_id: state.period_invoice_id });
  const charge: Charge | null =
    lines.length === 0
      ? null
      : {
          invoice_id: command.invoice_id,
          reason: 'subscription_update',
          currency: to.price.currency,
          lines,
          // The amounts are after their discounts.
          discounts: [],
          period: { start: now, end: period.end },
          due_at,
        };
  return {
    ...changed(state, item, period, now),
    interval,
    billing_anchor: stays ? (state.billing_anchor ?? period.start) : period.start,
    // A period that begins with the change is valid once it is paid; until its invoice is due, the license works anyway.
    ...(stays || charge === null ? {} : { valid_until: laterOf(state.valid_until ?? now, due_at) }),
    invoice_id: charge?.invoice_id ?? null,
    charge,
    basis,
    former,
  };
};

const changed = (
  state: Subscription,
  item: Item,
  { start, end }: Period,
  changed_at: Time,
): Extract<SubscriptionEvent, { type: 'subscription.plan_changed' }> => ({
  type: 'subscription.plan_changed',
  ...onSubscription({ ...state, ...item }, state.status),
  previous_plan_id: state.plan_id,
  previous_price_id: state.price_id,
  previous_quantity: state.quantity,
  changed_at,
  period_start: start,
  period_end: end,
  interval: state.interval,
  billing_anchor: state.billing_anchor ?? start,
  // A period that is paid stays paid; one that waits for its payment keeps waiting.
  valid_until: state.valid_until === state.period?.end ? end : (state.valid_until ?? end),
  invoice_id: null,
  charge: null,
  basis: null,
  former: null,
});

const laterOf = (a: Time, b: Time): Time => (a > b ? a : b);

const isCredit = (lines: readonly WantedLine[]): boolean => lines.reduce((sum, { amount }) => sum + amount, 0) < 0;
