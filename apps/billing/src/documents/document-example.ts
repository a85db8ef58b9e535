import type { Buyer, Seller } from '#domain/billing/customer/party';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { InvoiceLine } from '#domain/billing/invoice/invoice.lines';

/** Documents for tests. */

export const SELLER: Seller = {
  legal_name: 'Nordlicht Software GmbH',
  address: { line1: 'Hafenstr. 7', line2: null, city: 'Hamburg', postal_code: '20457', state: null, country: 'DE' },
  tax_ids: [{ type: 'eu_vat', value: 'DE136695976', status: 'valid' }],
  email: 'billing@nordlicht.example',
  phone: '+49 40 123456',
  bank: { iban: 'DE89370400440532013000', bic: 'COBADEFFXXX', name: null },
  footer: 'Nordlicht Software GmbH · Amtsgericht Hamburg HRB 12345 · Geschäftsführerin: Ada Beispiel',
};

export const BUYER: Buyer = {
  customer_id: 'cus_4zq8k2m6w9r3t5v7x1y0b2c4d6',
  email: 'einkauf@kunde.example',
  name: 'Karl Kunde',
  company: 'Kunde & Söhne KG',
  address: { line1: 'Ring 1', line2: '2. OG', city: 'Berlin', postal_code: '10115', state: null, country: 'DE' },
  tax_ids: [],
  locale: 'de-DE',
};

const PERIOD = { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' };

export const LINE: InvoiceLine = {
  line: 1,
  kind: 'recurring',
  description: 'Studio Pro, monthly',
  product_id: 'prod_01jd30',
  plan_id: 'plan_01jd30',
  price_id: 'price_01jd30',
  license_id: null,
  quantity: 3,
  unit_amount: '1990',
  amount: 5970,
  discount: 597,
  period: PERIOD,
  tax_behavior: 'exclusive',
  tax_rate: '19',
  tax_category: 'S',
  tax_name: 'VAT',
  net: 5373,
};

/** 3 × 19.90 less 10 percent, a usage line of tiers and a credit: 100.00 net at 19 percent. */
export const INVOICE: InvoiceDocument = {
  kind: 'invoice',
  number: 'KL-2026-000042',
  corrects: null,
  seller: SELLER,
  buyer: BUYER,
  currency: 'eur',
  period: PERIOD,
  issued_at: '2026-11-29T10:20:30.000Z',
  due_at: '2026-12-13T10:20:30.000Z',
  po_number: 'PO-7',
  prepaid: 1900,
  notes: [],
  payment_means: '58',
  reason: null,
  lines: [
    LINE,
    {
      ...LINE,
      line: 2,
      kind: 'usage',
      description: 'API calls',
      quantity: 12_345,
      unit_amount: null,
      amount: 6000,
      discount: 0,
      net: 6000,
    },
    {
      ...LINE,
      line: 3,
      kind: 'proration',
      description: 'Unused time of Studio Basic',
      quantity: 1,
      unit_amount: null,
      amount: -1373,
      discount: 0,
      net: -1373,
    },
  ],
  subtotal: 10_597,
  discounts: [{ coupon_id: 'cpn_01jd30', name: 'SPRING', amount: 597 }],
  taxes: [{ rate: '19', category: 'S', name: 'VAT', taxable: 10_000, amount: 1900 }],
  total: 11_900,
};

export const CREDIT_NOTE: InvoiceDocument = {
  ...INVOICE,
  kind: 'credit_note',
  number: 'KLC-2026-000007',
  corrects: INVOICE.number,
  due_at: null,
  prepaid: 0,
  reason: 'Studio was not available for ten days.',
  lines: [{ ...LINE, quantity: 1, unit_amount: null, amount: 2000, discount: 0, net: 2000 }],
  subtotal: 2000,
  discounts: [],
  taxes: [{ rate: '19', category: 'S', name: 'VAT', taxable: 2000, amount: 380 }],
  total: 2380,
};

/** Sold to a business in France, which accounts for the tax. */
export const REVERSE_CHARGE: InvoiceDocument = {
  ...INVOICE,
  number: 'KL-2026-000043',
  buyer: {
    ...BUYER,
    company: 'Société Éclair SARL',
    address: {
      line1: '1 rue de la Paix',
      line2: null,
      city: 'Paris',
      postal_code: '75002',
      state: null,
      country: 'FR',
    },
    tax_ids: [{ type: 'eu_vat', value: 'FR40303265045', status: 'valid' }],
    locale: 'fr',
  },
  prepaid: 0,
  notes: ['Autoliquidation: la TVA est due par le preneur (article 196 de la directive 2006/112/CE).'],
  lines: INVOICE.lines.map((line) => ({ ...line, tax_rate: '0', tax_category: 'AE' })),
  taxes: [{ rate: '0', category: 'AE', name: 'VAT', taxable: 10_000, amount: 0 }],
  total: 10_000,
};
