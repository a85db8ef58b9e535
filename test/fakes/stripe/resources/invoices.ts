import { declined, invalid } from '../errors.ts';
import { page, pageOf } from '../lists.ts';
import type { Invoice } from '../objects.ts';
import { mergedMetadata } from '../params.ts';
import type { Routes } from '../route.ts';
import type { World } from '../world.ts';
import { customerOf } from './customer.ts';
import { closeInvoice, createInvoice, finalizeInvoice, invoiceOf, paymentOf, settleInvoice } from './invoice.ts';
import { chargeInvoice } from './invoice-collection.ts';
import { newLine } from './invoice-line.ts';
import { cancelPayment } from './payment-intent.ts';

const mustBe = (invoice: Invoice, allowed: readonly Invoice['status'][], what: string): void => {
  if (!allowed.includes(invoice.status))
    throw invalid(`You can only ${what} an invoice that is ${allowed.join(' or ')}. This one is ${invoice.status}.`, {
      code: 'invoice_not_editable',
    });
};

/** The items of a customer that wait for an invoice, as lines. */
const takeItems = (world: World, customer: string) =>
  world.invoiceItems
    .of(customer)
    .filter(({ invoice }) => invoice === null)
    .map((item) => ({
      item,
      line: newLine(world, {
        amount: item.amount,
        currency: item.currency,
        description: item.description ?? '',
        quantity: item.quantity,
        period: item.period,
        invoice_item: item.id,
      }),
    }));

export const invoices: Routes = {
  'POST /v1/invoices': ({ world, params }) => {
    const customer = customerOf(world, params.needText('customer'), 'customer');
    const include = params.choice('pending_invoice_items_behavior', ['include', 'exclude']) === 'include';
    const taken = include ? takeItems(world, customer.id) : [];
    const invoice = createInvoice(world, {
      customer,
      lines: taken.map(({ line }) => line),
      billing_reason: 'manual',
      currency: params.text('currency')?.toLowerCase() ?? customer.currency ?? world.settings.currency,
      collection_method:
        params.choice('collection_method', ['charge_automatically', 'send_invoice']) ?? 'charge_automatically',
      days_until_due: params.integer('days_until_due'),
      discounts: [],
      tax: { automatic: params.hash('automatic_tax')?.flag('enabled') ?? false, rates: [] },
      metadata: mergedMetadata({}, params),
    });
    for (const { item } of taken) item.invoice = invoice.id;
    invoice.auto_advance = params.flag('auto_advance') ?? false;
    return invoice;
  },
  'GET /v1/invoices': ({ world, params }) => {
    const customer = params.text('customer');
    const subscription = params.text('subscription');
    const status = params.text('status');
    return page(
      '/v1/invoices',
      world.invoices,
      params,
      (invoice) => {
        if (customer !== undefined && invoice.customer !== customer) return false;
        if (subscription !== undefined && invoice.parent?.subscription_details.subscription !== subscription)
          return false;
        return status === undefined || invoice.status === status;
      },
      subscription ?? customer,
    );
  },
  'GET /v1/invoices/:id': ({ world, path }) => invoiceOf(world, path('id')),
  'POST /v1/invoices/:id': ({ world, params, path }) => {
    const invoice = invoiceOf(world, path('id'));
    world.change(invoice, 'invoice.updated', () => {
      invoice.metadata = mergedMetadata(invoice.metadata, params);
      invoice.auto_advance = params.flag('auto_advance') ?? invoice.auto_advance;
      if (params.has('default_payment_method'))
        invoice.default_payment_method = params.text('default_payment_method') ?? null;
    });
    return invoice;
  },
  'DELETE /v1/invoices/:id': ({ world, path }) => {
    const invoice = invoiceOf(world, path('id'));
    mustBe(invoice, ['draft'], 'delete');
    world.invoices.remove(invoice.id);
    world.emit('invoice.deleted', invoice);
    return { id: invoice.id, object: 'invoice', deleted: true };
  },
  'GET /v1/invoices/:id/lines': ({ world, params, path }) => {
    const { lines } = invoiceOf(world, path('id'));
    return pageOf(lines.url, lines.data, params);
  },
  'POST /v1/invoices/:id/finalize': ({ world, params, path }) => {
    const invoice = invoiceOf(world, path('id'));
    mustBe(invoice, ['draft'], 'finalize');
    invoice.auto_advance = params.flag('auto_advance') ?? invoice.auto_advance;
    finalizeInvoice(world, invoice);
    return invoice;
  },
  'POST /v1/invoices/:id/pay': ({ world, params, path }) => {
    const invoice = invoiceOf(world, path('id'));
    if (invoice.status === 'paid') throw invalid('Invoice is already paid', { code: 'invoice_already_paid' });
    mustBe(invoice, ['draft', 'open', 'uncollectible'], 'pay');
    if (invoice.status === 'draft') finalizeInvoice(world, invoice);
    if (params.flag('paid_out_of_band')) {
      const intent = paymentOf(world, invoice);
      if (intent !== undefined) cancelPayment(world, intent, 'automatic');
      Object.assign(invoice, { amount_paid_off_stripe: invoice.amount_due });
      settleInvoice(world, invoice, 0);
      return invoice;
    }
    invoice.status = invoice.status === 'uncollectible' ? 'open' : invoice.status;
    const method = params.text('payment_method');
    const outcome = chargeInvoice(world, invoice, { off_session: params.flag('off_session') ?? false, method });
    if (outcome === undefined)
      throw invalid('There is no default payment method set on this Customer or Invoice.', {
        code: 'invoice_no_payment_method_types',
      });
    if (outcome.kind === 'declined') throw declined(outcome.code, outcome.decline_code, outcome.message);
    if (outcome.kind === 'action')
      throw declined(
        'invoice_payment_intent_requires_action',
        '',
        'This payment requires additional user action before it can be completed successfully.',
      );
    return invoice;
  },
  'POST /v1/invoices/:id/void': ({ world, path }) => {
    const invoice = invoiceOf(world, path('id'));
    mustBe(invoice, ['open', 'uncollectible'], 'void');
    closeInvoice(world, invoice, 'void');
    return invoice;
  },
  'POST /v1/invoices/:id/mark_uncollectible': ({ world, path }) => {
    const invoice = invoiceOf(world, path('id'));
    mustBe(invoice, ['open'], 'mark as uncollectible');
    closeInvoice(world, invoice, 'uncollectible');
    return invoice;
  },
  'GET /v1/invoice_payments': ({ world, params }) => {
    const invoice = params.text('invoice');
    const status = params.text('status');
    const payment = params.hash('payment');
    payment?.ignore('type');
    const intent = payment?.text('payment_intent');
    return page(
      '/v1/invoice_payments',
      world.invoicePayments,
      params,
      (one) => {
        if (invoice !== undefined && one.invoice !== invoice) return false;
        if (intent !== undefined && one.payment.payment_intent !== intent) return false;
        return status === undefined || one.status === status;
      },
      invoice ?? intent,
    );
  },
  'GET /v1/invoice_payments/:id': ({ world, path }) => {
    const payment = world.invoicePayments.get(path('id'));
    if (payment === undefined) throw invalid(`No such invoice payment: '${path('id')}'`, { code: 'resource_missing' });
    return payment;
  },
  'POST /v1/invoiceitems': ({ world, params }) => {
    const customer = customerOf(world, params.needText('customer'), 'customer');
    const now = world.now();
    const amount = params.needInteger('amount');
    const given = params.hash('period');
    const item = {
      ...{
        customer_account: null,
        date: now,
        discountable: amount > 0,
        discounts: [],
        frozen_fields: [],
        net_amount: amount,
      },
      ...{ parent: null, pricing: null, quantity_decimal: '1', tax_rates: [], test_clock: null },
      id: world.id('ii'),
      object: 'invoiceitem',
      amount,
      currency: params.text('currency')?.toLowerCase() ?? customer.currency ?? world.settings.currency,
      customer: customer.id,
      description: params.text('description') ?? null,
      invoice: null,
      livemode: world.settings.livemode,
      metadata: mergedMetadata({}, params),
      period: { start: given?.integer('start') ?? now, end: given?.integer('end') ?? now },
      proration: false,
      quantity: 1,
    };
    world.invoiceItems.add(item);
    world.emit('invoiceitem.created', item);
    return item;
  },
  'GET /v1/invoiceitems': ({ world, params }) => {
    const customer = params.text('customer');
    const pending = params.flag('pending');
    return page('/v1/invoiceitems', world.invoiceItems, params, (item) => {
      if (customer !== undefined && item.customer !== customer) return false;
      return pending === undefined || (item.invoice === null) === pending;
    });
  },
};
