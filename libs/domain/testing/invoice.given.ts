import { decideInvoice } from '../src/billing/invoice/invoice.commands.ts';
import type { Finalized, InvoiceEvent } from '../src/billing/invoice/invoice.events.ts';
import type { InvoiceLine, InvoiceTotals } from '../src/billing/invoice/invoice.lines.ts';
import type { InvoiceObservation, ObserveInvoice, StripeDocument } from '../src/billing/invoice/invoice.mirror.ts';
import type { InvoiceOrder } from '../src/billing/invoice/invoice.request.ts';
import { invoiceStream } from '../src/billing/invoice/invoice.ts';
import { specification } from './given.ts';

export const ISSUED = '2026-01-31T09:00:00.000Z';
export const DUE = '2026-02-14T09:00:00.000Z';

const address = { line1: null, line2: null, city: null, postal_code: null, state: null, country: 'DE' };

const line: InvoiceLine = {
  line: 1,
  kind: 'recurring',
  description: 'Pro',
  product_id: 'prod_1',
  plan_id: 'plan_1',
  price_id: 'price_1',
  license_id: null,
  quantity: 1,
  unit_amount: '10000',
  amount: 10_000,
  discount: 0,
  period: null,
  tax_behavior: 'exclusive',
  tax_rate: '0',
  tax_category: 'O',
  tax_name: '',
  net: 10_000,
};

/** Totals of one line without tax. */
export const totalsOf = (amount: number): InvoiceTotals => ({
  lines: [{ ...line, amount, net: amount }],
  subtotal: amount,
  discounts: [],
  taxes: [{ rate: '0', category: 'O', name: '', taxable: amount, amount: 0 }],
  total: amount,
});

export const orderOf = (changes: Partial<InvoiceOrder> = {}): InvoiceOrder => ({
  customer_id: 'cus_1',
  subscription_id: 'sub_1',
  subscriber: 'acme/ada',
  product_id: 'prod_1',
  currency: 'eur',
  lines: [{ ...line, discountable: true }],
  discounts: [],
  period: null,
  due_days: 14,
  po_number: null,
  provider: 'bank_transfer',
  reason: 'subscription_cycle',
  ...changes,
});

/** A document of 100.00 without tax. */
export const documentOf = (changes: Partial<Finalized> = {}): Finalized => ({
  number: 'INV-2026-00001',
  product_id: 'prod_1',
  customer_id: 'cus_1',
  subscription_id: 'sub_1',
  subscriber: 'acme/ada',
  reason: 'subscription_cycle',
  provider: 'bank_transfer',
  currency: 'eur',
  ...totalsOf(10_000),
  biller: 'keyledger',
  series_year: 2026,
  seller: { legal_name: 'Seller', address, tax_ids: [], email: null, phone: null, bank: null, footer: null },
  buyer: {
    customer_id: 'cus_1',
    email: 'ada@example.com',
    name: 'Ada',
    company: null,
    address,
    tax_ids: [],
    locale: 'en',
  },
  books_year: 2036,
  period_start: null,
  period_end: null,
  issued_at: ISSUED,
  due_at: DUE,
  po_number: null,
  notes: [],
  balance_applied: 0,
  amount_due: 10_000,
  next_attempt_at: null,
  ...changes,
});

/** The same document, made by Stripe. */
export const stripeDocument = (changes: Partial<StripeDocument> = {}): StripeDocument => ({
  ...documentOf({ number: 'STRIPE-0001', provider: 'stripe' }),
  ...changes,
  biller: 'stripe',
});

/** What Stripe says of that document once it is open. */
export const observed = (changes: Partial<InvoiceObservation> = {}): InvoiceObservation => ({
  document: stripeDocument(),
  status: 'open',
  status_since: ISSUED,
  payments: [],
  failure: null,
  refunds: [],
  overdue: false,
  ...changes,
});

export const observing = (observation: InvoiceObservation): ObserveInvoice => ({ type: 'ObserveInvoice', observation });

export const finalized = (changes: Partial<Finalized> = {}): InvoiceEvent => ({
  type: 'invoice.finalized',
  ...documentOf(changes),
});

export const invoiceSpecification = specification({ ...invoiceStream, decide: decideInvoice });

type Commands = readonly Parameters<typeof decideInvoice>[0][];

/** The events of commands that follow each other, for `given`. */
export const invoiceAfterDocument = (document: Finalized, ...commands: Commands): InvoiceEvent[] => {
  const events: InvoiceEvent[] = [{ type: 'invoice.finalized', ...document }];
  for (const command of commands)
    events.push(...decideInvoice(command, events.reduce(invoiceStream.evolve, invoiceStream.initialState)));
  return events;
};

export const invoiceAfter = (...commands: Commands): InvoiceEvent[] => invoiceAfterDocument(documentOf(), ...commands);
