import type { Invoice, InvoiceLine, Subscription } from '../objects.ts';
import type { World } from '../world.ts';
import { createInvoice, discountsFor, type Draft, taxRules } from './invoice.ts';
import { collectLater } from './invoice-collection.ts';
import { isMetered, licensedLine, recordDebits, usageLine } from './invoice-line.ts';
import { periodOf } from './subscription-item.ts';
import { endSubscription, setStatus, timerOf } from './subscription-status.ts';

export const periodEnd = (subscription: Subscription): number =>
  Math.min(...subscription.items.data.map(({ current_period_end }) => current_period_end));

/** The draft of an invoice of a subscription, with all that its customer and discounts bring. */
export const draftOf = (
  world: World,
  subscription: Subscription,
  lines: readonly InvoiceLine[],
  billing_reason: Invoice['billing_reason'],
  proration_date?: number,
): Draft => {
  const customer = world.customers.get(subscription.customer);
  if (customer === undefined) throw new Error(`${subscription.customer} is gone`);
  return {
    customer,
    subscription,
    lines,
    billing_reason,
    currency: subscription.currency,
    collection_method: subscription.collection_method,
    days_until_due: subscription.days_until_due,
    discounts: discountsFor(world, subscription),
    tax: taxRules(subscription),
    proration_date,
  };
};

export const subscriptionInvoice = (
  world: World,
  subscription: Subscription,
  lines: readonly InvoiceLine[],
  reason: Invoice['billing_reason'],
  proration_date?: number,
): Invoice => {
  const invoice = createInvoice(world, draftOf(world, subscription, lines, reason, proration_date));
  subscription.latest_invoice = invoice.id;
  recordDebits(world, subscription, invoice.lines.data);
  return invoice;
};

/** Takes the lines that wait for the next invoice. */
export const takePending = (world: World, subscription: Subscription): InvoiceLine[] => {
  const lines = world.pendingLines.get(subscription.id) ?? [];
  world.pendingLines.delete(subscription.id);
  return lines;
};

/** Lines of the period that ends and of the one that begins. */
export const cycleLines = (world: World, subscription: Subscription, start: number): InvoiceLine[] =>
  subscription.items.data.flatMap((item) => {
    if (!isMetered(item)) return [licensedLine(world, item, periodOf(item, subscription.billing_cycle_anchor, start))];
    const line = usageLine(world, item, subscription.customer, { start: item.current_period_start, end: start });
    return line.amount === 0 ? [] : [line];
  });

const usageLines = (world: World, subscription: Subscription, end: number): InvoiceLine[] =>
  subscription.items.data
    .filter(isMetered)
    .map((item) => usageLine(world, item, subscription.customer, { start: item.current_period_start, end }))
    .filter(({ amount }) => amount !== 0);

/** Bills what is left when a subscription ends: outstanding usage and waiting lines. */
export const finalInvoice = (world: World, subscription: Subscription): void => {
  const lines = [...takePending(world, subscription), ...usageLines(world, subscription, world.now())];
  if (lines.length > 0) collectLater(world, subscriptionInvoice(world, subscription, lines, 'subscription_cycle'));
};

const moveTo = (subscription: Subscription, start: number): void => {
  subscription.items = {
    ...subscription.items,
    data: subscription.items.data.map((item) => {
      const period = periodOf(item, subscription.billing_cycle_anchor, start);
      return { ...item, current_period_start: period.start, current_period_end: period.end, billed_until: period.end };
    }),
  };
};

/** Bills a new period and moves the items to it. */
const renew = (world: World, subscription: Subscription, ends: 'trial' | 'period'): void => {
  const now = world.now();
  const lines = [...takePending(world, subscription), ...cycleLines(world, subscription, now)];
  const held = subscription.status === 'unpaid';
  world.change(subscription, 'customer.subscription.updated', () => {
    moveTo(subscription, now);
    if (ends === 'trial') subscription.status = 'active';
    if (lines.length === 0) return;
    const invoice = subscriptionInvoice(world, subscription, lines, 'subscription_cycle');
    if (held) invoice.auto_advance = false;
    else collectLater(world, invoice);
  });
  scheduleCycle(world, subscription);
};

const endTrial = (world: World, subscription: Subscription): void => {
  subscription.billing_cycle_anchor = world.now();
  const customer = world.customers.get(subscription.customer);
  const method = subscription.default_payment_method ?? customer?.invoice_settings.default_payment_method ?? null;
  const { missing_payment_method } = subscription.trial_settings.end_behavior;
  if (method !== null || missing_payment_method === 'create_invoice') renew(world, subscription, 'trial');
  else if (missing_payment_method === 'cancel') endSubscription(world, subscription, 'cancellation_requested');
  else {
    subscription.status_details = {
      paused: {
        type: 'subscription',
        transitioned_at: world.now(),
        subscription: { type: 'trial_end_without_payment_method' },
      },
    };
    setStatus(world, subscription, 'paused');
    world.emit('customer.subscription.paused', subscription);
  }
};

const turn = (world: World, subscription: Subscription): void => {
  const now = world.now();
  world.reactions.periodEnds(subscription);
  if (subscription.status === 'canceled') return;
  if (subscription.cancel_at !== null && subscription.cancel_at <= now) {
    finalInvoice(world, subscription);
    endSubscription(world, subscription, 'cancellation_requested');
  } else if (subscription.status === 'trialing' && subscription.trial_end !== null && subscription.trial_end <= now)
    endTrial(world, subscription);
  else if (['active', 'past_due', 'unpaid', 'trialing'].includes(subscription.status)) {
    if (periodEnd(subscription) <= now) renew(world, subscription, 'period');
    else scheduleCycle(world, subscription);
  }
};

/** Plans the next thing that a subscription does by itself. */
export const scheduleCycle = (world: World, subscription: Subscription): void => {
  const { trial_end, status, cancel_at } = subscription;
  const trial = status === 'trialing' && trial_end !== null ? [trial_end] : [];
  const at = Math.min(...trial, ...(cancel_at === null ? [] : [cancel_at]), periodEnd(subscription));
  world.timers.set(timerOf(subscription, 'cycle'), at, () => turn(world, subscription));
  if (trial_end === null || status !== 'trialing') return;
  const warning = Math.max(world.now(), trial_end - 3 * 86_400);
  world.timers.set(timerOf(subscription, 'will_end'), warning, () =>
    world.emit('customer.subscription.trial_will_end', subscription),
  );
};

/** Ends a trial at this moment, as `trial_end: now` asks for. */
export const endTrialNow = (world: World, subscription: Subscription): void => {
  subscription.trial_end = world.now();
  world.timers.cancel(timerOf(subscription, 'will_end'));
  endTrial(world, subscription);
};
