import { invalid, missing } from '../errors.ts';
import { page, pageOf } from '../lists.ts';
import type { CreditNote, Invoice } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';
import { adjustBalance } from './balance.ts';
import { invoiceOf, paymentOf, settleInvoice } from './invoice.ts';
import { createRefund, refundOf } from './refund.ts';

const noteOf = (world: World, id: string): CreditNote => {
  const note = world.creditNotes.get(id);
  if (note === undefined) throw missing('credit note', id);
  return note;
};

const linesOf = (world: World, invoice: Invoice, params: Params, amount: number | undefined): object[] => {
  const entries = params.list('lines');
  const line = (given: {
    amount: number;
    description: string | null;
    invoice_line_item?: string;
    quantity?: number | null;
  }) => ({
    ...nulls('unit_amount unit_amount_decimal'),
    id: world.id('cnli'),
    object: 'credit_note_line_item',
    amount: given.amount,
    description: given.description,
    discount_amount: 0,
    discount_amounts: [],
    ...(given.invoice_line_item !== undefined && { invoice_line_item: given.invoice_line_item }),
    livemode: world.settings.livemode,
    metadata: {},
    pretax_credit_amounts: [],
    quantity: given.quantity ?? null,
    tax_rates: [],
    taxes: [],
    type: given.invoice_line_item === undefined ? 'custom_line_item' : 'invoice_line_item',
  });
  if (entries === undefined) return [line({ amount: amount ?? 0, description: 'Credit' })];
  return entries.map((entry) => {
    if (entry.needChoice('type', ['invoice_line_item', 'custom_line_item']) === 'custom_line_item') {
      const quantity = entry.integer('quantity') ?? 1;
      const unit = entry.needInteger('unit_amount');
      return line({ amount: unit * quantity, description: entry.needText('description'), quantity });
    }
    const id = entry.needText('invoice_line_item');
    const of = invoice.lines.data.find((one) => one.id === id);
    if (of === undefined) throw missing('invoice line item', id, entry.at('invoice_line_item'));
    const quantity = entry.integer('quantity') ?? null;
    return line({
      amount: entry.integer('amount') ?? of.amount,
      description: of.description,
      invoice_line_item: id,
      quantity,
    });
  });
};

const create = (world: World, params: Params): CreditNote => {
  const invoice = invoiceOf(world, params.needText('invoice'), 'invoice');
  if (invoice.status !== 'open' && invoice.status !== 'paid')
    throw invalid(`Credit notes can only be created for open or paid invoices. This one is ${invoice.status}.`, {
      param: 'invoice',
    });
  const given = params.integer('amount');
  const lines = linesOf(world, invoice, params, given);
  const total = given ?? lines.reduce((sum: number, line) => sum + (line as { amount: number }).amount, 0);
  const noted = world.creditNotes.of(invoice.id).filter(({ status }) => status === 'issued');
  const left = invoice.total - noted.reduce((sum, { amount }) => sum + amount, 0);
  if (total <= 0 || total > left)
    throw invalid(`The amount of the credit note (${total}) is more than what is left of the invoice (${left}).`, {
      param: 'amount',
    });
  const open = invoice.status === 'open';
  const credit = params.integer('credit_amount') ?? 0;
  const outside = params.integer('out_of_band_amount') ?? 0;
  const asked = params.integer('refund_amount') ?? 0;
  const linked = (params.list('refunds') ?? []).map((entry) => {
    const refund = refundOf(world, entry.needText('refund'));
    return { refund: refund.id, amount_refunded: entry.integer('amount_refunded') ?? refund.amount };
  });
  const linkedSum = linked.reduce((sum, { amount_refunded }) => sum + amount_refunded, 0);
  if (!open && credit + outside + asked + linkedSum !== total)
    throw invalid(
      `The sum of credit amount, refund amount and out of band amount (${credit + outside + asked + linkedSum}) must equal the credit note amount (${total}).`,
    );
  const intent = paymentOf(world, invoice);
  const charge = world.charges.get(intent?.latest_charge ?? '');
  if (asked > 0 && charge === undefined)
    throw invalid('This invoice has no payment to refund.', { param: 'refund_amount' });
  const refund = asked > 0 && charge !== undefined ? createRefund(world, charge, { amount: asked }) : undefined;
  const refunds = refund === undefined ? linked : [...linked, { refund: refund.id, amount_refunded: asked }];
  const note: CreditNote = {
    ...nulls('customer_account customer_balance_transaction shipping_cost voided_at'),
    ...world.made('credit_note', 'cn'),
    ...{
      amount_shipping: 0,
      currency: invoice.currency,
      customer: invoice.customer,
      discount_amount: 0,
      discount_amounts: [],
      effective_at: world.now(),
      lines: { object: 'list', data: lines, has_more: false, url: '/v1/credit_notes/lines' },
      memo: params.text('memo') ?? null,
      out_of_band_amount: outside,
      pdf: 'https://pay.stripe.com/credit_notes/pdf',
      pretax_credit_amounts: [],
      refunds: refunds.map((one) => ({ ...one, type: 'refund', payment_record_refund: null })),
      subtotal: total,
      subtotal_excluding_tax: total,
      total,
      total_excluding_tax: total,
      total_taxes: [],
      type: open ? 'pre_payment' : 'post_payment',
    },
    amount: total,
    invoice: invoice.id,
    number: `${invoice.number}-CN-${String(world.creditNotes.of(invoice.id).length + 1).padStart(2, '0')}`,
    post_payment_amount: open ? 0 : total,
    pre_payment_amount: open ? total : 0,
    reason: params.choice('reason', ['duplicate', 'fraudulent', 'order_change', 'product_unsatisfactory']) ?? null,
    metadata: mergedMetadata({}, params),
    status: 'issued',
  };
  world.creditNotes.add(note);
  if (open) {
    invoice.pre_payment_credit_notes_amount += total;
    invoice.amount_due -= total;
    invoice.amount_remaining -= total;
    if (intent !== undefined) intent.amount -= total;
    if (invoice.amount_remaining === 0) settleInvoice(world, invoice, 0);
  } else invoice.post_payment_credit_notes_amount += total;
  const customer = world.customers.get(invoice.customer);
  if (credit > 0 && customer !== undefined) {
    const more = { invoice: invoice.id, credit_note: note.id, currency: invoice.currency };
    const transaction = adjustBalance(world, customer, -credit, 'credit_note', more);
    Object.assign(note, { customer_balance_transaction: transaction.id });
  }
  world.emit('credit_note.created', note);
  return note;
};

export const creditNotes: Routes = {
  'POST /v1/credit_notes': ({ world, params }) => create(world, params),
  'GET /v1/credit_notes': ({ world, params }) => {
    const invoice = params.text('invoice');
    return page(
      '/v1/credit_notes',
      world.creditNotes,
      params,
      (note) => invoice === undefined || note.invoice === invoice,
    );
  },
  'GET /v1/credit_notes/:id': ({ world, path }) => noteOf(world, path('id')),
  'GET /v1/credit_notes/:id/lines': ({ world, params, path }) => {
    const note = noteOf(world, path('id')) as CreditNote & { lines?: { data: { id: string; object: string }[] } };
    return pageOf(`/v1/credit_notes/${note.id}/lines`, note.lines?.data ?? [], params);
  },
  'POST /v1/credit_notes/:id/void': ({ world, path }) => {
    const note = noteOf(world, path('id'));
    if (world.invoices.get(note.invoice)?.status !== 'open')
      throw invalid('You can only void a credit note of an open invoice.');
    note.status = 'void';
    world.emit('credit_note.voided', note);
    return note;
  },
};
