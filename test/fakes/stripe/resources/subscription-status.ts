import { missing } from '../errors.ts';
import type { Invoice, Subscription, SubscriptionStatus } from '../objects.ts';
import type { World } from '../world.ts';
import { closeInvoice, subscriptionOfInvoice } from './invoice.ts';

export const subscriptionOf = (world: World, id: string, param?: string): Subscription => {
  const subscription = world.subscriptions.get(id);
  if (subscription === undefined) throw missing('subscription', id, param);
  return subscription;
};

const TIMERS = ['cycle', 'incomplete', 'pending', 'resume', 'will_end', 'collect'] as const;

export const timerOf = (subscription: Subscription, what: (typeof TIMERS)[number]): string =>
  `${what} ${subscription.id}`;

const stopTimers = (world: World, subscription: Subscription): void => {
  for (const what of TIMERS) world.timers.cancel(timerOf(subscription, what));
};

export const setStatus = (world: World, subscription: Subscription, status: SubscriptionStatus): void =>
  world.change(subscription, 'customer.subscription.updated', () => {
    subscription.status = status;
    if (status !== 'paused') delete subscription.status_details;
  });

/** Ends a subscription at once. */
export const endSubscription = (
  world: World,
  subscription: Subscription,
  reason: 'cancellation_requested' | 'payment_failed' | 'payment_disputed',
): void => {
  stopTimers(world, subscription);
  const now = world.now();
  subscription.status = 'canceled';
  subscription.canceled_at ??= now;
  subscription.ended_at = now;
  subscription.pending_update = null;
  subscription.cancellation_details = { ...subscription.cancellation_details, reason };
  for (const invoice of world.invoices.of(subscription.id)) {
    if (invoice.status === 'draft' || invoice.status === 'open') invoice.auto_advance = false;
    world.timers.cancel(`attempt ${invoice.id}`);
    world.timers.cancel(`finalize ${invoice.id}`);
  }
  world.emit('customer.subscription.deleted', subscription);
};

/** 23 hours have passed without the first payment. */
export const expireIncomplete = (world: World, subscription: Subscription): void => {
  if (subscription.status !== 'incomplete') return;
  stopTimers(world, subscription);
  subscription.ended_at = world.now();
  setStatus(world, subscription, 'incomplete_expired');
  const invoice = world.invoices.get(subscription.latest_invoice ?? '');
  if (invoice?.status === 'open') closeInvoice(world, invoice, 'void');
};

/** What a payment of an invoice sets in motion beside the status: a pending update, a resumption. */
export type OnPaid = (invoice: Invoice, subscription: Subscription) => boolean;

/** The status of a subscription follows its latest invoice. */
export const followInvoices = (world: World, onPaid: OnPaid, begin: (subscription: Subscription) => void): void => {
  world.reactions.invoicePaid = (invoice) => {
    const subscription = subscriptionOfInvoice(world, invoice);
    if (subscription === undefined) return;
    if (onPaid(invoice, subscription)) return;
    if (subscription.latest_invoice !== invoice.id) return;
    if (subscription.status === 'incomplete') {
      world.timers.cancel(timerOf(subscription, 'incomplete'));
      setStatus(world, subscription, 'active');
      begin(subscription);
    } else if (subscription.status === 'past_due' || subscription.status === 'unpaid') {
      setStatus(world, subscription, 'active');
      begin(subscription);
    }
  };
  world.reactions.invoiceFailed = (invoice) => {
    const subscription = subscriptionOfInvoice(world, invoice);
    if (subscription === undefined || subscription.latest_invoice !== invoice.id) return;
    if (invoice.billing_reason === 'subscription_create' || subscription.pending_update !== null) return;
    if (!['active', 'trialing', 'past_due'].includes(subscription.status)) return;
    if (subscription.status !== 'past_due') setStatus(world, subscription, 'past_due');
    if (invoice.next_payment_attempt !== null) return;
    const { after_retries } = world.settings;
    if (after_retries === 'cancel') endSubscription(world, subscription, 'payment_failed');
    else if (after_retries === 'unpaid') setStatus(world, subscription, 'unpaid');
  };
  world.reactions.invoiceOverdue = (invoice) => {
    const subscription = subscriptionOfInvoice(world, invoice);
    if (subscription?.latest_invoice === invoice.id && subscription.status === 'active')
      setStatus(world, subscription, 'past_due');
  };
  world.reactions.invoiceClosed = (invoice) => {
    const subscription = subscriptionOfInvoice(world, invoice);
    if (subscription === undefined || subscription.latest_invoice !== invoice.id) return;
    if (subscription.status === 'incomplete') expireIncomplete(world, subscription);
    else if (subscription.status === 'past_due') setStatus(world, subscription, 'active');
  };
};
