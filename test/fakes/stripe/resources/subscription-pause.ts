import { invalid } from '../errors.ts';
import type { Invoice, InvoiceLine, Subscription } from '../objects.ts';
import type { Params } from '../params.ts';
import type { World } from '../world.ts';
import { closeInvoice, finalizeInvoice } from './invoice.ts';
import { chargeInvoice, collectLater } from './invoice-collection.ts';
import { creditLines, isMetered, licensedLine, remainingLine, usageLine } from './invoice-line.ts';
import { useUpDebits } from './subscription-change.ts';
import { scheduleCycle, subscriptionInvoice, takePending } from './subscription-cycle.ts';
import { periodOf } from './subscription-item.ts';
import { timerOf } from './subscription-status.ts';

const HOURS_23 = 23 * 3600;

/** `POST /v1/subscriptions/:id/pause`: no periods and no invoices until it is resumed. Needs the flexible billing mode. */
export const pauseSubscription = (world: World, subscription: Subscription, params: Params): void => {
  params.choice('type', ['subscription']);
  const bill = params.hash('bill_for');
  const unused =
    bill?.hash('unused_time_from')?.needChoice('type', ['now', 'item_current_period_start', 'none']) ?? 'now';
  const usage = bill?.hash('outstanding_usage_through')?.needChoice('type', ['now', 'none']) ?? 'now';
  const invoicing = params.choice('invoicing_behavior', ['invoice', 'pending_invoice_item']) ?? 'pending_invoice_item';
  if (subscription.billing_mode.type !== 'flexible')
    throw invalid('Only subscriptions with billing_mode=flexible can be paused.');
  if (!['active', 'trialing', 'past_due'].includes(subscription.status))
    throw invalid(`A subscription with status ${subscription.status} cannot be paused.`);
  const now = world.now();
  const lines: InvoiceLine[] = [];
  for (const item of subscription.items.data) {
    if (isMetered(item)) {
      if (usage === 'none') continue;
      const line = usageLine(world, item, subscription.customer, { start: item.current_period_start, end: now });
      if (line.amount !== 0) lines.push(line);
    } else if (unused !== 'none') {
      const from = unused === 'now' ? now : item.current_period_start;
      lines.push(...creditLines(world, item, from));
      useUpDebits(world, [item.id], from);
    }
  }
  for (const what of ['cycle', 'will_end', 'collect'] as const) world.timers.cancel(timerOf(subscription, what));
  world.change(subscription, 'customer.subscription.updated', () => {
    if (lines.length > 0 && invoicing === 'invoice')
      finalizeInvoice(world, subscriptionInvoice(world, subscription, lines, 'subscription_update'));
    subscription.status = 'paused';
    subscription.status_details = {
      paused: { type: 'subscription', transitioned_at: now, subscription: { type: 'pause_requested' } },
    };
  });
  if (lines.length > 0 && invoicing !== 'invoice')
    world.pendingLines.set(subscription.id, [...(world.pendingLines.get(subscription.id) ?? []), ...lines]);
  world.emit('customer.subscription.paused', subscription);
};

/** Resumptions that wait for their invoice. */
const WAITING = new WeakMap<Invoice, () => void>();

const resumed = (world: World, subscription: Subscription): void => {
  world.timers.cancel(timerOf(subscription, 'resume'));
  world.change(subscription, 'customer.subscription.updated', () => {
    subscription.status = 'active';
    delete subscription.status_details;
  });
  scheduleCycle(world, subscription);
  world.emit('customer.subscription.resumed', subscription);
};

const startPeriod = (
  world: World,
  subscription: Subscription,
  anchor: 'now' | 'unchanged',
  date: number,
): InvoiceLine[] => {
  if (anchor === 'now') subscription.billing_cycle_anchor = date;
  const { billing_cycle_anchor } = subscription;
  subscription.items = {
    ...subscription.items,
    data: subscription.items.data.map((item) => {
      const { start, end } = periodOf(item, billing_cycle_anchor, date);
      return { ...item, current_period_start: start, current_period_end: end, billed_until: end };
    }),
  };
  return subscription.items.data
    .filter((item) => !isMetered(item))
    .map((item) => {
      const period = { start: item.current_period_start, end: item.current_period_end };
      return anchor === 'now' ? licensedLine(world, item, period) : remainingLine(world, item, date, period);
    });
};

/** `POST /v1/subscriptions/:id/resume` */
export const resumeSubscription = (world: World, subscription: Subscription, params: Params): void => {
  const anchor = params.hash('billing_cycle_anchor')?.needChoice('type', ['now', 'unchanged']) ?? 'now';
  const behavior =
    params.choice('payment_behavior', ['resume_on_payment_attempt', 'resume_on_payment_success']) ??
    'resume_on_payment_attempt';
  const prorates = params.choice('proration_behavior', ['always_invoice', 'create_prorations', 'none']) !== 'none';
  if (subscription.status !== 'paused') throw invalid('Only subscriptions with status paused can be resumed.');
  const date = params.integer('proration_date') ?? world.now();
  const before = { anchor: subscription.billing_cycle_anchor, items: subscription.items };
  const started = startPeriod(world, subscription, anchor, date);
  const lines = [...takePending(world, subscription), ...(anchor === 'unchanged' && !prorates ? [] : started)];
  if (lines.length === 0) return resumed(world, subscription);
  const invoice = subscriptionInvoice(world, subscription, lines, 'subscription_update');
  if (behavior === 'resume_on_payment_attempt') {
    resumed(world, subscription);
    collectLater(world, invoice);
    return;
  }
  finalizeInvoice(world, invoice);
  if (invoice.status === 'open') {
    WAITING.set(invoice, () => resumed(world, subscription));
    chargeInvoice(world, invoice, { off_session: false });
  } else resumed(world, subscription);
  if (subscription.status !== 'paused') return;
  world.timers.set(timerOf(subscription, 'resume'), world.now() + HOURS_23, () => {
    WAITING.delete(invoice);
    subscription.billing_cycle_anchor = before.anchor;
    subscription.items = before.items;
    if (invoice.status === 'open') closeInvoice(world, invoice, 'void');
  });
};

/** Resumes the subscription that waited for this invoice; @returns whether there was one */
export const resumeOnPayment = (invoice: Invoice): boolean => {
  const resume = WAITING.get(invoice);
  WAITING.delete(invoice);
  resume?.();
  return resume !== undefined;
};
