import type { Invoice, PaymentIntent } from '../objects.ts';
import type { World } from '../world.ts';
import type { Outcome } from './card.ts';
import { closeInvoice, finalizeInvoice, paymentOf, settleInvoice, subscriptionOfInvoice } from './invoice.ts';
import { confirmPayment } from './payment-intent.ts';

const DAY = 86_400;

/** The payment method that is charged when a call names none. */
export const defaultMethod = (world: World, invoice: Invoice): string | undefined =>
  invoice.default_payment_method ??
  subscriptionOfInvoice(world, invoice)?.default_payment_method ??
  world.customers.get(invoice.customer)?.invoice_settings.default_payment_method ??
  undefined;

/** Tries to charge an open invoice; @returns undefined if there is nothing to charge it with. */
export const chargeInvoice = (
  world: World,
  invoice: Invoice,
  how: { readonly off_session: boolean; readonly method?: string },
): Outcome | undefined => {
  const intent = paymentOf(world, invoice);
  if (invoice.status !== 'open' || intent === undefined) return { kind: 'succeeded' };
  const method = how.method ?? defaultMethod(world, invoice);
  invoice.attempted = true;
  if (method === undefined) {
    invoice.attempt_count += 1;
    failed(world, invoice);
    return undefined;
  }
  return confirmPayment(world, intent, method, { off_session: how.off_session });
};

/** Charges an invoice by itself: at its finalization, and in later attempts. */
export const collectInvoice = (world: World, invoice: Invoice): void => {
  const subscription = subscriptionOfInvoice(world, invoice);
  const paused = subscription?.pause_collection?.behavior;
  if (invoice.status === 'draft') {
    if (paused === 'keep_as_draft') {
      invoice.auto_advance = false;
      return;
    }
    finalizeInvoice(world, invoice);
  }
  if (paused !== undefined && invoice.status === 'open') {
    closeInvoice(world, invoice, paused === 'void' ? 'void' : 'uncollectible');
    return;
  }
  if (invoice.status === 'open' && invoice.collection_method === 'charge_automatically')
    chargeInvoice(world, invoice, { off_session: true });
};

/** Finalizes and charges an hour later, as with each renewal. */
export const collectLater = (world: World, invoice: Invoice): void => {
  const at = world.now() + 3600;
  invoice.automatically_finalizes_at = at;
  world.timers.set(`finalize ${invoice.id}`, at, () => collectInvoice(world, invoice));
};

const failed = (world: World, invoice: Invoice): void => {
  const { retry_days } = world.settings;
  const days = retry_days[invoice.attempt_count - 1];
  // First payments and pending updates are not tried again: both expire after 23 hours.
  const waits =
    invoice.billing_reason === 'subscription_create' || subscriptionOfInvoice(world, invoice)?.pending_update != null;
  const again = days !== undefined && !waits && invoice.auto_advance;
  invoice.next_payment_attempt = again ? world.now() + days * DAY : null;
  if (again)
    world.timers.set(`attempt ${invoice.id}`, world.now() + days * DAY, () =>
      chargeInvoice(world, invoice, { off_session: true }),
    );
  world.emit('invoice.payment_failed', invoice);
  world.reactions.invoiceFailed(invoice);
};

const invoiceOfPayment = (world: World, intent: PaymentIntent): Invoice | undefined => {
  const [payment] = world.invoicePayments.of(intent.id);
  return world.invoices.get(payment?.invoice ?? '');
};

/** Payments of invoices settle them, or have them tried again. */
export const followPayments = (world: World): void => {
  world.reactions.paymentSucceeded = (intent) => {
    const invoice = invoiceOfPayment(world, intent);
    if (invoice === undefined) return;
    const subscription = subscriptionOfInvoice(world, invoice);
    if (subscription?.payment_settings.save_default_payment_method === 'on_subscription')
      subscription.default_payment_method = intent.payment_method;
    invoice.attempt_count += 1;
    if (invoice.status === 'open' || invoice.status === 'uncollectible') settleInvoice(world, invoice, intent.amount);
  };
  world.reactions.paymentFailed = (intent) => {
    const invoice = invoiceOfPayment(world, intent);
    if (invoice?.status !== 'open') return;
    if (intent.status === 'requires_action') {
      invoice.attempted = true;
      world.emit('invoice.payment_action_required', invoice);
      return;
    }
    invoice.attempt_count += 1;
    failed(world, invoice);
  };
};
