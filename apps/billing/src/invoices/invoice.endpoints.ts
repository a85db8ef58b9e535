import Type from 'typebox';
import { CURRENCIES } from '#domain/shared/currency';
import { FILE_MEDIA, FileFormat } from '#platform/export/file-format';
import { endpoint } from '#platform/http/endpoint';
import { Id, Int, Nullable, Page, PageQuery, StrictObject, Text, Timestamp } from '#platform/http/schemas';
import { CreditNote, Invoice, PositiveAmount } from './invoice.schemas.ts';

const TAG = 'Invoices';
const auth = 'billing:write';
const path = '/admin/invoices';
const params = StrictObject({ id: Id('inv') });
const answers = { 200: { description: 'The invoice.', schema: Invoice, etag: true } } as const;
const NOT_FOUND = { status: 404, code: 'INVOICE_NOT_FOUND' };
const NOT_FINALIZED = { status: 409, code: 'INVOICE_NOT_FINALIZED' };
const VOID = { status: 409, code: 'INVOICE_VOID' };
const PAID = { status: 409, code: 'INVOICE_PAID' };
const OF_PROVIDER = { status: 409, code: 'INVOICE_OF_PROVIDER' };
const INVALID_AMOUNT = { status: 400, code: 'INVALID_AMOUNT' };

const Reason = Text(500, { min: 1 });
const Quantity = Int(1, 1_000_000);

/** Percent with at most four decimals, from 0 to 100. */
const TaxRate = Type.String({
  pattern: '^(100(\\.0{1,4})?|[1-9]?[0-9](\\.[0-9]{1,4})?)$',
  description: 'Percent, as a decimal: in place of the rate that applies to the customer.',
  examples: ['19'],
});

const Line = Type.Union([
  StrictObject({
    price_id: Type.Unsafe<string>({ ...Id('price'), description: 'A price that is paid once.' }),
    quantity: Type.Optional(Quantity),
    tax_rate: Type.Optional(TaxRate),
    license_id: Type.Optional(
      Type.Unsafe<string>({ ...Id('lic'), description: 'The license that it renews or upgrades.' }),
    ),
  }),
  StrictObject({
    description: Text(500, { min: 1 }),
    amount: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Minor units for one unit, without tax.',
    }),
    quantity: Type.Optional(Quantity),
    tax_rate: Type.Optional(TaxRate),
    license_id: Type.Optional(Id('lic')),
  }),
]);

export const STATUS_WORDS = [
  'draft',
  'open',
  'paid',
  'void',
  'uncollectible',
  'pending',
  'failed',
  'refunded',
] as const;

export const listInvoices = endpoint({
  method: 'GET',
  path,
  operation: 'listInvoices',
  tag: TAG,
  summary: 'List invoices, newest first',
  auth,
  query: PageQuery({
    customer_id: Type.Optional(
      Type.Unsafe<string>({ ...Id('cus'), description: 'Those of customers that were merged into it included.' }),
    ),
    subscriber: Type.Optional(Text(255, { min: 1 })),
    subscription_id: Type.Optional(Id('sub')),
    status: Type.Optional(
      Type.Enum([...STATUS_WORDS], {
        description:
          'Also words of other systems: pending = open, failed = open after a failed payment, refunded = paid and given back in full.',
      }),
    ),
    overdue: Type.Optional(Type.Boolean()),
    from: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: 'Issued at this time or later.' })),
    to: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: 'Issued before this time.' })),
    format: Type.Optional(FileFormat),
  }),
  answers: { 200: { description: 'A page of invoices.', schema: Page(Invoice), files: FILE_MEDIA } },
  problems: [],
});

export const readInvoice = endpoint({
  method: 'GET',
  path: `${path}/:id`,
  operation: 'readInvoice',
  tag: TAG,
  summary: 'Read an invoice, in its present or an earlier state',
  auth,
  params,
  query: StrictObject({ as_of: Type.Optional(Timestamp) }),
  answers,
  problems: [NOT_FOUND],
});

export const createInvoice = endpoint({
  method: 'POST',
  path,
  operation: 'createInvoice',
  tag: TAG,
  summary: 'Create a draft of a one-off invoice',
  auth,
  body: StrictObject({
    customer_id: Id('cus'),
    currency: Type.Enum([...CURRENCIES]),
    lines: Type.Array(Line, { minItems: 1, maxItems: 200 }),
    due_days: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 365, description: 'Default: the terms of the customer, or 14.' }),
    ),
    po_number: Type.Optional(Nullable(Text(100))),
    provider: Type.Optional(
      Type.Enum(['bank_transfer', 'hyperswitch', 'btcpay'], { description: 'Default: `bank_transfer`.' }),
    ),
  }),
  answers: { 201: { description: 'The draft.', schema: Invoice, etag: true } },
  problems: [
    { status: 404, code: 'CUSTOMER_NOT_FOUND' },
    { status: 404, code: 'PRICE_NOT_FOUND' },
    { status: 409, code: 'PRICE_INACTIVE' },
    { status: 400, code: 'PRICE_NOT_ONE_TIME' },
    { status: 409, code: 'CURRENCY_MISMATCH' },
    { status: 400, code: 'AMOUNT_TOO_LARGE' },
    { status: 409, code: 'TAX_RATE_MISSING' },
  ],
});

export const finalizeInvoice = endpoint({
  method: 'POST',
  path: `${path}/:id/finalize`,
  operation: 'finalizeInvoice',
  tag: TAG,
  summary: 'Give a draft its number: it never changes after this',
  auth,
  params,
  answers,
  problems: [
    NOT_FOUND,
    { status: 409, code: 'INVOICE_NOT_DRAFT' },
    { status: 409, code: 'ORGANIZATION_REQUIRED' },
    { status: 409, code: 'TAX_RATE_MISSING' },
  ],
});

export const voidInvoice = endpoint({
  method: 'POST',
  path: `${path}/:id/void`,
  operation: 'voidInvoice',
  tag: TAG,
  summary: 'Void an invoice that is not to be paid; it keeps its number. A draft is deleted',
  auth,
  params,
  body: StrictObject({ reason: Type.Optional(Nullable(Reason)) }),
  answers: { 200: answers[200], 204: { description: 'The draft is deleted.', schema: null } },
  problems: [
    NOT_FOUND,
    PAID,
    OF_PROVIDER,
    { status: 409, code: 'INVOICE_HAS_PAYMENTS' },
    { status: 409, code: 'INVOICE_NOT_DRAFT' },
  ],
});

export const markInvoicePaid = endpoint({
  method: 'POST',
  path: `${path}/:id/mark-paid`,
  operation: 'markInvoicePaid',
  tag: TAG,
  summary: 'Record a payment that arrived outside of a provider, such as a bank transfer',
  auth,
  params,
  body: StrictObject({
    amount: Type.Optional(
      Type.Unsafe<number>({
        ...PositiveAmount,
        description: 'Minor units. Default: what is due. What is more goes to the balance of the customer.',
      }),
    ),
    currency: Type.Optional(Type.Enum([...CURRENCIES])),
    method: Text(100, { min: 1 }),
    reference: Type.Optional(Nullable(Text(255))),
    paid_at: Type.Optional(Timestamp),
  }),
  answers,
  problems: [
    NOT_FOUND,
    NOT_FINALIZED,
    VOID,
    PAID,
    OF_PROVIDER,
    { status: 409, code: 'CURRENCY_MISMATCH' },
    INVALID_AMOUNT,
  ],
});

export const markInvoiceUncollectible = endpoint({
  method: 'POST',
  path: `${path}/:id/mark-uncollectible`,
  operation: 'markInvoiceUncollectible',
  tag: TAG,
  summary: 'Expect no payment any more',
  auth,
  params,
  answers,
  problems: [NOT_FOUND, NOT_FINALIZED, VOID, PAID, OF_PROVIDER],
});

export const sendInvoice = endpoint({
  method: 'POST',
  path: `${path}/:id/send`,
  operation: 'sendInvoice',
  tag: TAG,
  summary: 'Send an invoice to the customer, again if need be',
  auth,
  params,
  answers,
  problems: [NOT_FOUND, NOT_FINALIZED, VOID],
});

export const createCreditNote = endpoint({
  method: 'POST',
  path: `${path}/:id/credit-notes`,
  operation: 'createCreditNote',
  tag: TAG,
  summary: 'Correct an invoice with a credit note',
  auth,
  params,
  body: StrictObject({
    amount: Type.Optional(
      Type.Unsafe<number>({ ...PositiveAmount, description: 'Minor units, with tax. Default: all that is left.' }),
    ),
    lines: Type.Optional(
      Type.Array(
        StrictObject({
          line: Int(1, 1_000),
          amount: Type.Optional(PositiveAmount),
          quantity: Type.Optional(Quantity),
        }),
        { minItems: 1, maxItems: 200, description: 'Lines of the invoice, in place of an amount.' },
      ),
    ),
    reason: Type.Optional(Nullable(Reason)),
    refund: Type.Optional(
      Type.Boolean({ description: 'Refund what was paid; default: give it to the balance of the customer.' }),
    ),
  }),
  answers: { 201: { description: 'The credit note.', schema: CreditNote } },
  problems: [
    NOT_FOUND,
    NOT_FINALIZED,
    VOID,
    OF_PROVIDER,
    INVALID_AMOUNT,
    { status: 409, code: 'CREDIT_EXCEEDS_INVOICE' },
    { status: 502, code: 'PAYMENT_PROVIDER_UNAVAILABLE' },
  ],
});

export const readCreditNote = endpoint({
  method: 'GET',
  path: '/admin/credit-notes/:id',
  operation: 'readCreditNote',
  tag: TAG,
  summary: 'Read a credit note. It never changes',
  auth,
  params: StrictObject({ id: Id('cn') }),
  answers: { 200: { description: 'The credit note.', schema: CreditNote, etag: true } },
  problems: [{ status: 404, code: 'CREDIT_NOTE_NOT_FOUND' }],
});

export const refundInvoice = endpoint({
  method: 'POST',
  path: `${path}/:id/refund`,
  operation: 'refundInvoice',
  tag: TAG,
  summary: 'Give back what was paid, with a credit note',
  auth,
  params,
  body: StrictObject({
    amount: Type.Optional(PositiveAmount),
    reason: Type.Optional(Nullable(Reason)),
  }),
  answers,
  problems: [
    NOT_FOUND,
    NOT_FINALIZED,
    INVALID_AMOUNT,
    { status: 409, code: 'REFUND_EXCEEDS_PAYMENT' },
    { status: 409, code: 'CREDIT_EXCEEDS_INVOICE' },
    { status: 502, code: 'PAYMENT_PROVIDER_UNAVAILABLE' },
  ],
});
