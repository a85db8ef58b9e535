import { documentOf } from '../../../testing/invoice.given.ts';
import { computeTotals } from '../pricing/totals.ts';
import { type Credited, creditTotals } from './credit.totals.ts';
import type { Finalized } from './invoice.events.ts';
import type { WantedLine } from './invoice.lines.ts';

const line = (amount: number, quantity: number): WantedLine => ({
  kind: 'manual',
  description: `${amount}`,
  product_id: null,
  plan_id: null,
  price_id: null,
  license_id: null,
  quantity,
  unit_amount: null,
  amount,
  period: null,
  tax_behavior: 'exclusive',
  discountable: false,
});

/** 100.00 at 19 % and 50.00 at 7 %: 172.50 with tax. */
const document: Finalized = documentOf(
  computeTotals({
    currency: 'eur',
    lines: [line(10_000, 4), line(5_000, 1)],
    discounts: [],
    taxOf: ({ amount }) => ({ rate: amount === 10_000 ? '19' : '7', category: 'S', name: 'VAT' }),
  }),
);

const code = (credited: Credited): unknown => {
  try {
    return creditTotals(document, credited);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('the totals of a credit note', () => {
  it('over all of the invoice are those of the invoice', () => {
    const { lines, subtotal, discounts, taxes, total } = document;
    expect(creditTotals(document, { amount: 17_250 })).toEqual({ lines, subtotal, discounts, taxes, total });
  });

  it.each([1, 2, 3, 99, 8_625, 17_249])('over %d add up to it, with tax', (amount) => {
    const { total, lines, taxes } = creditTotals(document, { amount });
    expect(total).toBe(amount);
    const net = lines.reduce((sum, one) => sum + one.net, 0);
    expect(net + taxes.reduce((sum, tax) => sum + tax.amount, 0)).toBe(amount);
  });

  it('over half of the invoice credit half of each tax', () => {
    expect(creditTotals(document, { amount: 8_625 }).taxes).toMatchObject([
      { rate: '19', taxable: 5_000, amount: 950 },
      { rate: '7', taxable: 2_500, amount: 175 },
    ]);
  });

  it('over lines credit these with their tax', () => {
    expect(creditTotals(document, { lines: [{ line: 2 }] })).toMatchObject({ total: 5_350 });
    expect(creditTotals(document, { lines: [{ line: 1, quantity: 1 }] })).toMatchObject({ total: 2_975 });
    expect(creditTotals(document, { lines: [{ line: 1, amount: 1_000 }] })).toMatchObject({ total: 1_190 });
  });

  it('are refused beyond the invoice', () => {
    expect(code({ amount: 17_251 })).toBe('CREDIT_EXCEEDS_INVOICE');
    expect(code({ amount: 0 })).toBe('INVALID_AMOUNT');
    expect(code({ amount: 1.5 })).toBe('INVALID_AMOUNT');
    expect(code({ lines: [{ line: 3 }] })).toBe('CREDIT_EXCEEDS_INVOICE');
    expect(code({ lines: [{ line: 1 }, { line: 1 }] })).toBe('CREDIT_EXCEEDS_INVOICE');
    expect(code({ lines: [{ line: 1, quantity: 5 }] })).toBe('CREDIT_EXCEEDS_INVOICE');
    expect(code({ lines: [{ line: 2, amount: 5_001 }] })).toBe('CREDIT_EXCEEDS_INVOICE');
    expect(code({ lines: [] })).toBe('INVALID_AMOUNT');
  });
});
