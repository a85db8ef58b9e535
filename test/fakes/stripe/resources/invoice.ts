import { missing } from '../errors.ts';
import type { Customer, Invoice, InvoiceLine, Metadata, Subscription } from '../objects.ts';
import { nulls, type World } from '../world.ts';
import { adjustBalance } from './balance.ts';
import { liveDiscounts } from './discount.ts';
import { afterBalance, type TaxRules, totalsOf } from './invoice-totals.ts';
import { cancelPayment, createPaymentIntent } from './payment-intent.ts';

export const invoiceOf = (world: World, id: string, param?: string): Invoice => {
  const invoice = world.invoices.get(id);
  if (invoice === undefined) throw missing('invoice', id, param);
  return invoice;
};

export const subscriptionOfInvoice = (world: World, invoice: Invoice): Subscription | undefined =>
  world.subscriptions.get(invoice.parent?.subscription_details.subscription ?? '');

export interface Draft {
  readonly customer: Customer;
  readonly subscription?: Subscription;
  readonly lines: readonly InvoiceLine[];
  readonly billing_reason: Invoice['billing_reason'];
  readonly currency: string;
  readonly collection_method: Invoice['collection_method'];
  readonly days_until_due?: number | null;
  readonly discounts: readonly string[];
  readonly tax: TaxRules;
  readonly metadata?: Metadata;
  readonly proration_date?: number;
}

/** How a subscription is taxed. */
export const taxRules = (subscription: Subscription): TaxRules => ({
  automatic: subscription.automatic_tax.enabled,
  rates: subscription.default_tax_rates,
});

/** Discounts of a subscription that its next invoice has; one of `once` is used by one invoice with an amount. */
export const discountsFor = (world: World, subscription: Subscription): string[] =>
  liveDiscounts(world, subscription.discounts, (id) =>
    world.invoices
      .of(subscription.id)
      .some(
        ({ total_discount_amounts: offs, status }) =>
          status !== 'void' && offs.some(({ discount, amount }) => discount === id && amount !== 0),
      ),
  );

/** The invoice of a draft, stored nowhere: `create_preview` shows it like that. */
export const shapeInvoice = (world: World, draft: Draft, prefix: string): Invoice => {
  const made = world.made('invoice', prefix);
  const { customer, subscription } = draft;
  const totals = totalsOf(world, draft.lines, customer, draft.discounts, draft.tax);
  const after = afterBalance(totals.total, customer.balance, draft.currency);
  for (const line of draft.lines) line.invoice = made.id;
  const ends = draft.lines.map(({ period }) => period);
  return {
    ...nulls('account_tax_ids application custom_fields customer_account customer_phone customer_shipping'),
    ...nulls('default_source description effective_at footer from_invoice last_finalization_error latest_revision'),
    ...nulls('on_behalf_of receipt_number rendering shipping_cost shipping_details statement_descriptor test_clock'),
    ...{ account_country: world.settings.country, account_name: 'Fake', amount_paid_off_stripe: 0, amount_shipping: 0 },
    ...{
      automatic_tax: {
        ...nulls('disabled_reason provider'),
        enabled: draft.tax.automatic,
        liability: draft.tax.automatic ? { type: 'self' } : null,
        status: draft.tax.automatic ? 'complete' : null,
      },
    },
    ...{ customer_address: customer.address, customer_email: customer.email, customer_name: customer.name },
    ...{ customer_tax_exempt: customer.tax_exempt },
    ...{ customer_tax_ids: world.taxIds.of(customer.id).map(({ type, value }) => ({ type, value })) },
    ...{ default_tax_rates: draft.tax.rates, issuer: { type: 'self' } },
    ...{ payment_settings: nulls('default_mandate payment_method_options payment_method_types') },
    ...{ period_start: made.created, period_end: Math.max(made.created, ...ends.map(({ start }) => start)) },
    ...{ subtotal_excluding_tax: totals.total_excluding_tax, total_pretax_credit_amounts: [] },
    ...{ webhooks_delivered_at: made.created },
    ...made,
    ...totals,
    amount_due: after.due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: after.due,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatically_finalizes_at: null,
    billing_reason: draft.billing_reason,
    collection_method: draft.collection_method,
    currency: draft.currency,
    customer: customer.id,
    default_payment_method: null,
    discounts: [...draft.discounts],
    due_date: draft.collection_method === 'send_invoice' ? made.created + (draft.days_until_due ?? 30) * 86_400 : null,
    ending_balance: after.balance,
    hosted_invoice_url: null,
    invoice_pdf: null,
    lines: { object: 'list', data: [...draft.lines], has_more: false, url: `/v1/invoices/${made.id}/lines` },
    metadata: draft.metadata ?? {},
    next_payment_attempt: null,
    number: null,
    parent:
      subscription === undefined
        ? null
        : {
            type: 'subscription_details',
            quote_details: null,
            subscription_details: {
              metadata: subscription.metadata,
              subscription: subscription.id,
              ...(draft.proration_date !== undefined && { subscription_proration_date: draft.proration_date }),
            },
          },
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    starting_balance: customer.balance,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  };
};

/** Creates a draft. */
export const createInvoice = (world: World, draft: Draft): Invoice => {
  const invoice = shapeInvoice(world, draft, 'in');
  invoice.ending_balance = null;
  world.invoices.add(invoice);
  world.emit('invoice.created', invoice);
  return invoice;
};

/** Gives the number, takes from the customer's balance, and makes the payment that is asked for. */
export const finalizeInvoice = (world: World, invoice: Invoice): void => {
  const customer = world.customers.get(invoice.customer);
  if (invoice.status !== 'draft' || customer === undefined) return;
  world.timers.cancel(`finalize ${invoice.id}`);
  const sequence = customer.next_invoice_sequence;
  customer.next_invoice_sequence += 1;
  const before = customer.balance;
  const after = afterBalance(invoice.total, before, invoice.currency);
  if (after.balance !== before) {
    const type = after.balance > 0 ? 'invoice_too_small' : 'applied_to_invoice';
    adjustBalance(world, customer, after.balance - before, type, { invoice: invoice.id, currency: invoice.currency });
  }
  customer.currency ??= invoice.currency;
  invoice.number = `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
  invoice.starting_balance = before;
  invoice.ending_balance = after.balance;
  invoice.amount_due = after.due;
  invoice.amount_remaining = after.due;
  invoice.automatically_finalizes_at = null;
  invoice.status = 'open';
  invoice.status_transitions = { ...invoice.status_transitions, finalized_at: world.now() };
  invoice.hosted_invoice_url = `https://invoice.stripe.com/i/${invoice.id}`;
  invoice.invoice_pdf = `https://pay.stripe.com/invoice/${invoice.id}/pdf`;
  if (after.due > 0) requestPayment(world, invoice);
  world.emit('invoice.finalized', invoice);
  const { due_date } = invoice;
  if (due_date !== null && after.due > 0)
    world.timers.set(`overdue ${invoice.id}`, due_date, () => {
      if (invoice.status !== 'open') return;
      world.emit('invoice.overdue', invoice);
      world.reactions.invoiceOverdue(invoice);
    });
  if (after.due === 0) settleInvoice(world, invoice, 0);
};

const requestPayment = (world: World, invoice: Invoice): void => {
  const { amount_due: amount, currency, customer } = invoice;
  const description = `Payment for invoice ${invoice.number}`;
  const intent = createPaymentIntent(world, { amount, currency, customer, keep: true, description });
  world.invoicePayments.add({
    ...world.made('invoice_payment', 'inpay'),
    amount_paid: null,
    amount_requested: amount,
    currency,
    invoice: invoice.id,
    is_default: true,
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
};

/** The payment that an invoice asks for; undefined for one that asks for nothing. */
export const paymentOf = (world: World, invoice: Invoice) => {
  const payment = world.invoicePayments.of(invoice.id).find(({ is_default }) => is_default);
  return world.paymentIntents.get(payment?.payment.payment_intent ?? '');
};

/** The invoice is paid, with that amount or outside of Stripe. */
export const settleInvoice = (world: World, invoice: Invoice, paid: number): void => {
  world.timers.cancel(`attempt ${invoice.id}`);
  invoice.status = 'paid';
  invoice.amount_paid = paid;
  invoice.amount_remaining = 0;
  invoice.attempted = true;
  invoice.next_payment_attempt = null;
  invoice.status_transitions = { ...invoice.status_transitions, paid_at: world.now() };
  for (const payment of world.invoicePayments.of(invoice.id)) {
    if (payment.status !== 'open') continue;
    const { status } = world.paymentIntents.get(payment.payment.payment_intent) ?? {};
    payment.status = status === 'succeeded' ? 'paid' : 'canceled';
    payment.amount_paid = status === 'succeeded' ? payment.amount_requested : null;
    payment.status_transitions = {
      canceled_at: status === 'succeeded' ? null : world.now(),
      paid_at: status === 'succeeded' ? world.now() : null,
    };
    if (status === 'succeeded') world.emit('invoice_payment.paid', payment);
  }
  world.emit('invoice.paid', invoice);
  world.emit('invoice.payment_succeeded', invoice);
  world.reactions.invoicePaid(invoice);
};

/** Voids an invoice or gives it up, and what it asked for with it. */
export const closeInvoice = (world: World, invoice: Invoice, status: 'void' | 'uncollectible'): void => {
  world.timers.cancel(`attempt ${invoice.id}`);
  world.timers.cancel(`finalize ${invoice.id}`);
  invoice.status = status;
  invoice.next_payment_attempt = null;
  const now = world.now();
  invoice.status_transitions = {
    ...invoice.status_transitions,
    ...(status === 'void' ? { voided_at: now } : { marked_uncollectible_at: now }),
  };
  const customer = world.customers.get(invoice.customer);
  if (status === 'void') {
    const intent = paymentOf(world, invoice);
    if (intent !== undefined) cancelPayment(world, intent, 'void_invoice');
    const taken = invoice.starting_balance - (invoice.ending_balance ?? invoice.starting_balance);
    if (customer !== undefined && taken !== 0)
      adjustBalance(world, customer, taken, 'unapplied_from_invoice', {
        invoice: invoice.id,
        currency: invoice.currency,
      });
    invoice.amount_remaining = invoice.amount_due;
  }
  world.emit(status === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', invoice);
  world.reactions.invoiceClosed(invoice);
};
