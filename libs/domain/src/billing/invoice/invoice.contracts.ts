import Type from 'typebox';
import { contract, contractsOf, orNull, text, time } from '../../shared/contract.ts';
import { BILLING_EXAMPLE } from '../billing-example.ts';
import { LINE_KINDS, TAX_CATEGORIES } from './invoice.lines.ts';
import { INVOICE_REASONS } from './invoice.request.ts';

const service = 'billing';
const subject = BILLING_EXAMPLE.invoice;

const minor = (description: string) => Type.Integer({ description: `${description} Minor units of the currency.` });
const currency = text('ISO 4217 in lower case, or `sats`.');
const owner = {
  product_id: orNull(text('The product; null if the lines belong to several products, or to none.')),
  customer_id: text('The customer. The API has the details of the person.'),
  subscription_id: orNull(text('The subscription that is charged; null for a one-off invoice.')),
  subscriber: orNull(text('The merchant’s own id of the subscriber.')),
  provider: text('How it is paid: `stripe`, `hyperswitch`, `btcpay`, `bank_transfer` or `none`.'),
  currency,
};

/** What every event says of its invoice, so that a consumer needs no state of its own. */
const fields = {
  number: text('The number of the invoice.'),
  ...owner,
  reason: Type.Enum([...INVOICE_REASONS], { description: 'Why the invoice was made.' }),
  total: minor('The total of the invoice, with tax.'),
};

const tax = Type.Object(
  {
    rate: text('Percent, as a decimal.'),
    category: Type.Enum([...TAX_CATEGORIES]),
    name: text('As shown to the customer.'),
    taxable: minor('The sum of the net lines.'),
    amount: minor('The tax.'),
  },
  { additionalProperties: false },
);
const amounts = {
  subtotal: minor('The sum of the lines, before discounts.'),
  taxes: Type.Array(tax, { description: 'Tax per rate and category.' }),
};
const amount_due = minor('What is still due.');
const payment_id = text('The payment.');
const product_or_null = (what: string) => orNull(text(what));

const paidLine = Type.Object(
  {
    line: Type.Integer({ minimum: 1 }),
    kind: Type.Enum([...LINE_KINDS]),
    product_id: product_or_null('The product.'),
    plan_id: product_or_null('The plan.'),
    price_id: product_or_null('The price.'),
    license_id: product_or_null('The license that the line renews or upgrades; null = a new one for each unit.'),
    quantity: Type.Number({ description: 'Units.' }),
    amount: minor('The amount of the line, before discounts.'),
  },
  { additionalProperties: false },
);

const parties = {
  product_id: BILLING_EXAMPLE.product,
  customer_id: BILLING_EXAMPLE.customer,
  subscription_id: BILLING_EXAMPLE.subscription,
  subscriber: 'acme/ada',
  provider: 'bank_transfer',
  currency: 'eur',
};
const on = { number: 'INV-2026-00042', ...parties, reason: 'subscription_cycle', total: 1_190 };
const taxes = [{ rate: '19', category: 'S', name: 'VAT', taxable: 1_000, amount: 190 }];
const issued_at = '2026-01-31T09:00:00.000Z';
const due_at = '2026-02-14T09:00:00.000Z';

const of = contractsOf({ name: 'invoice', service, subject, fields, example: on });

/** The events of invoices that are published. */
export const invoiceContracts = [
  of(
    'finalized',
    'An invoice got its number. It never changes any more; credit notes correct it.',
    {
      ...amounts,
      biller: Type.Enum(['keyledger', 'stripe'], { description: 'Who made the invoice.' }),
      amount_due,
      balance_applied: minor('What was taken from the customer’s balance.'),
      period_start: orNull(time('The beginning of the period that it charges.')),
      period_end: orNull(time('The end of that period.')),
      issued_at: time('When it was issued.'),
      due_at: time('When it is due.'),
    },
    {
      subtotal: 1_000,
      taxes,
      biller: 'keyledger',
      amount_due: 1_190,
      balance_applied: 0,
      period_start: issued_at,
      period_end: '2026-02-28T09:00:00.000Z',
      issued_at,
      due_at,
    },
  ),
  of(
    'payment_received',
    'Money arrived for an invoice.',
    {
      payment_id,
      amount: minor('What arrived.'),
      overpaid: minor('The part of it that was more than was due.'),
      amount_due,
      paid_at: time('When it was paid.'),
      method: text('The provider, or what the operator entered.'),
    },
    {
      payment_id: BILLING_EXAMPLE.payment,
      amount: 1_190,
      overpaid: 0,
      amount_due: 0,
      paid_at: issued_at,
      method: 'bank_transfer',
    },
  ),
  of(
    'paid',
    'Nothing is due any more for an invoice.',
    {
      paid_at: time('When it was paid.'),
      lines: Type.Array(paidLine, { description: 'What was paid.' }),
      recipient_sealed: orNull(
        text('Address, name and language of the customer, sealed for the services of this installation.'),
      ),
    },
    {
      paid_at: issued_at,
      lines: [
        {
          line: 1,
          kind: 'recurring',
          product_id: BILLING_EXAMPLE.product,
          plan_id: BILLING_EXAMPLE.plan,
          price_id: BILLING_EXAMPLE.price,
          license_id: null,
          quantity: 1,
          amount: 1_000,
        },
      ],
      recipient_sealed: null,
    },
  ),
  of(
    'overpaid',
    'More arrived than was due. The rest was given to the customer’s balance.',
    { payment_id, amount: minor('What was too much.') },
    { payment_id: BILLING_EXAMPLE.payment, amount: 10 },
  ),
  of(
    'credited',
    'The total of an invoice is below zero. It was given to the customer’s balance.',
    { amount: minor('The credit.') },
    { amount: 500 },
  ),
  of(
    'payment_failed',
    'An attempt to collect the payment failed.',
    {
      payment_id,
      attempt: Type.Integer({ minimum: 0, description: '0 is the first attempt.' }),
      error: text('The reason.'),
      next_attempt_at: orNull(time('When the next attempt follows; null = none follows.')),
    },
    { payment_id: BILLING_EXAMPLE.payment, attempt: 0, error: 'card_declined', next_attempt_at: due_at },
  ),
  of(
    'overdue',
    'An invoice was not paid when it was due.',
    { due_at: time('When it was due.'), amount_due },
    { due_at, amount_due: 1_190 },
  ),
  of(
    'voided',
    'An invoice was voided: it is not to be paid.',
    {
      void_reason: orNull(text('The reason that was given; `credited` = credit notes took all of it.')),
      voided_at: time('When it was voided.'),
      balance_returned: minor('What was given back to the customer’s balance.'),
    },
    { void_reason: 'ordered by mistake', voided_at: due_at, balance_returned: 0 },
  ),
  of(
    'marked_uncollectible',
    'No payment is expected any more. An invoice becomes paid if money arrives nevertheless.',
    { amount_due },
    { amount_due: 1_190 },
  ),
  of(
    'refunded',
    'Money was given back for an invoice.',
    {
      refund_id: text('The refund.'),
      payment_id,
      amount: minor('What was given back.'),
      amount_refunded: minor('The sum of all refunds of the invoice.'),
      full: Type.Boolean({ description: 'Nothing of what was paid is left.' }),
      refund_reason: orNull(text('The reason that was given.')),
    },
    {
      refund_id: 'ref_01jd30h7j9k2m4n6p8q1r3s5tv',
      payment_id: BILLING_EXAMPLE.payment,
      amount: 1_190,
      amount_refunded: 1_190,
      full: true,
      refund_reason: null,
    },
  ),
  of(
    'sent',
    'An operator sent an invoice to the customer, or sent it again.',
    { sent_at: time('When.') },
    { sent_at: due_at },
  ),
  contract({
    type: 'credit_note.issued',
    service,
    subject,
    description: 'A credit note corrects an invoice. Amounts are positive.',
    fields: {
      ...owner,
      ...amounts,
      credit_note_id: text('The credit note.'),
      number: text('The number of the credit note.'),
      invoice_number: text('The number of the invoice.'),
      total: minor('The total of the credit note, with tax.'),
      issued_at: time('When it was issued.'),
      reason: orNull(text('The reason that was given.')),
      refund: Type.Boolean({ description: 'What was paid is refunded, not given to the customer’s balance.' }),
      due_reduced: minor('The part that lowers what is due.'),
      to_balance: minor('The part that is given to the customer’s balance.'),
      to_refund: minor('The part that is refunded.'),
      amount_due,
    },
    example: {
      ...parties,
      subtotal: 1_000,
      taxes: [{ rate: '19', category: 'S', name: 'VAT', taxable: 1_000, amount: 190 }],
      credit_note_id: BILLING_EXAMPLE.credit_note,
      number: 'INV-CN-2026-00001',
      invoice_number: 'INV-2026-00042',
      total: 1_190,
      issued_at: due_at,
      reason: null,
      refund: false,
      due_reduced: 0,
      to_balance: 1_190,
      to_refund: 0,
      amount_due: 0,
    },
  }),
];
