import fc from 'fast-check';
import { RUNS } from '../../../testing/runs.ts';
import { Decimal } from '../../shared/decimal.ts';
import type { AppliedDiscount, InvoiceTotals, TaxCategory, WantedLine } from '../invoice/invoice.lines.ts';
import { computeTotals } from './totals.ts';

const line = (amount: number, more: Partial<WantedLine> = {}): WantedLine => ({
  kind: 'recurring',
  description: 'Pro',
  product_id: 'prod_1',
  plan_id: 'plan_1',
  price_id: 'price_1',
  license_id: null,
  quantity: 1,
  unit_amount: String(amount),
  amount,
  period: null,
  tax_behavior: 'exclusive',
  discountable: true,
  ...more,
});
const off = (percent_off: string | null, amount_off: number | null = null, plans: readonly string[] | null = null) =>
  ({ coupon_id: 'cpn_1', name: 'Spring', percent_off, amount_off, plans }) satisfies AppliedDiscount;
const rate = (text: string, category: TaxCategory = 'S') => ({ rate: text, category, name: 'VAT' });

/** Totals of an invoice in euros whose lines all have one rate. */
const totals = (lines: WantedLine[], discounts: AppliedDiscount[] = [], percent = '19'): InvoiceTotals =>
  computeTotals({ currency: 'eur', lines, discounts, taxOf: () => rate(percent) });
const inclusive = { tax_behavior: 'inclusive' } as const;

describe('tax', () => {
  it('is computed on the sum of the nets, not on each line', () => {
    const { taxes, total } = totals([line(33), line(33), line(33)]);
    expect(taxes).toEqual([{ ...rate('19'), taxable: 99, amount: 19 }]);
    expect(total).toBe(118);
  });

  it('in inclusive prices is what gross − gross/(1 + rate) leaves; the nets add up to the rest', () => {
    const { lines, taxes, total } = totals([line(333, inclusive), line(333, inclusive), line(333, inclusive)]);
    expect(total).toBe(999);
    expect(taxes).toEqual([{ ...rate('19'), taxable: 839, amount: 160 }]);
    expect(lines.map(({ net }) => net)).toEqual([279, 280, 280]);
  });

  it('of a rate with both behaviors is the sum of both', () => {
    const { taxes, total } = totals([line(1000), line(1190, inclusive)]);
    expect(taxes).toEqual([{ ...rate('19'), taxable: 2000, amount: 380 }]);
    expect(total).toBe(2380);
  });

  it('is listed by rate and category, the highest rate first', () => {
    const treatments = [rate('5.5'), rate('19.0'), rate('0', 'Z'), rate('19'), rate('0', 'AE')];
    const lines = treatments.map((_, at) => line(1000, { description: String(at) }));
    const taxOf = ({ description }: WantedLine) => treatments[Number(description)] ?? rate('0');
    const result = computeTotals({ currency: 'eur', lines, discounts: [], taxOf });
    expect(result.taxes).toEqual([
      { ...rate('19'), taxable: 2000, amount: 380 },
      { ...rate('5.5'), taxable: 1000, amount: 55 },
      { ...rate('0', 'AE'), taxable: 1000, amount: 0 },
      { ...rate('0', 'Z'), taxable: 1000, amount: 0 },
    ]);
    expect(result.lines.map(({ tax_rate }) => tax_rate)).toEqual(['5.5', '19', '0', '19', '0']);
  });

  it('follows the exponent of the currency, which is part of the amounts', () => {
    const of = (currency: string, amount: number) =>
      computeTotals({ currency, lines: [line(amount)], discounts: [], taxOf: () => rate('10') });
    expect(of('jpy', 1005).total).toBe(1106);
    expect(of('kwd', 12_345).total).toBe(13_580);
    expect(of('sats', 21).total).toBe(23);
  });
});

describe('discounts', () => {
  it('of a percentage are rounded once, and split over the lines', () => {
    const { lines, discounts, subtotal, total } = totals([line(333), line(333), line(333)], [off('10')], '0');
    expect(discounts).toEqual([{ coupon_id: 'cpn_1', name: 'Spring', amount: 100 }]);
    expect(lines.map(({ discount }) => discount)).toEqual([34, 33, 33]);
    expect({ subtotal, total }).toEqual({ subtotal: 999, total: 899 });
  });

  it('apply one after the other, each on what the earlier ones left', () => {
    const amounts = (discounts: AppliedDiscount[]) =>
      totals([line(1000)], discounts, '0').discounts.map(({ amount }) => amount);
    expect(amounts([off('50'), off(null, 300), off('50')])).toEqual([500, 300, 100]);
    expect(amounts([off(null, 300), off('50'), off('50')])).toEqual([300, 350, 175]);
  });

  it('of a fixed amount are at most what is left', () => {
    const { lines, discounts, total } = totals([line(700), line(200)], [off(null, 1000), off(null, 5)]);
    expect(lines.map(({ discount }) => discount)).toEqual([700, 200]);
    expect(discounts.map(({ amount }) => amount)).toEqual([900, 0]);
    expect(total).toBe(0);
  });

  it('reduce the discountable lines of their plans only', () => {
    const lines = [
      line(1000),
      line(1000, { plan_id: 'plan_2' }),
      line(1000, { discountable: false }),
      line(1000, { plan_id: null }),
    ];
    const taken = (discount: AppliedDiscount) => totals(lines, [discount]).lines.map(({ discount: amount }) => amount);
    expect(taken(off('10', null, ['plan_1']))).toEqual([100, 0, 0, 0]);
    expect(taken(off(null, 300))).toEqual([100, 100, 0, 100]);
  });

  it('take a percentage back from credits, and no fixed amount', () => {
    const lines = [line(1000), line(-1000)];
    expect(totals(lines, [off('10')]).lines.map(({ discount }) => discount)).toEqual([100, -100]);
    expect(totals(lines, [off(null, 300)]).lines.map(({ discount }) => discount)).toEqual([300, 0]);
  });

  it('come before tax', () => {
    expect(totals([line(1000)], [off('10')])).toMatchObject({ taxes: [{ taxable: 900, amount: 171 }], total: 1071 });
    expect(totals([line(1190, inclusive)], [off('50')])).toMatchObject({
      taxes: [{ taxable: 500, amount: 95 }],
      total: 595,
    });
  });

  it.each([off('100.1'), off('-1'), off(null, -1)])('that no coupon can have are refused: %j', (discount) => {
    expect(() => totals([line(1000)], [discount])).toThrow(RangeError);
  });
});

describe('an invoice', () => {
  it('without lines is zero', () => {
    expect(totals([], [off(null, 5)])).toMatchObject({ lines: [], subtotal: 0, taxes: [], total: 0 });
  });

  it('that is too large to be exact is refused', () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(() => totals([line(most), line(1)], [], '0')).toThrow(expect.objectContaining({ code: 'AMOUNT_TOO_LARGE' }));
    expect(() => totals([line(most)])).toThrow(expect.objectContaining({ code: 'AMOUNT_TOO_LARGE' }));
    expect(totals([line(most)], [], '0').total).toBe(most);
  });
});

describe('every invoice', () => {
  const amounts = fc.oneof(fc.integer({ min: -500, max: 2000 }), fc.integer({ min: -1e12, max: 1e12 }));
  const rates = fc.constantFrom('0', '2.1', '5.5', '7', '19', '19.00', '20', '8.875', '100');
  const rows = fc.record({
    amount: amounts,
    rate: rates,
    plan_id: fc.constantFrom('plan_1', 'plan_2', null),
    inclusive: fc.boolean(),
    discountable: fc.boolean(),
  });
  const wantedLines = fc.array(rows, { maxLength: 5 });
  const plans = fc.constantFrom(null, null, ['plan_1'], ['plan_2', 'plan_3']);
  const percents = fc
    .record({ percent: fc.constantFrom('0', '0.01', '12.5', '33.333333', '50', '99.9', '100'), plans })
    .map(({ percent, plans: of }) => off(percent, null, of));
  const fixed = fc
    .record({ amount: fc.integer({ min: 0, max: 3000 }), plans })
    .map(({ amount, plans: of }) => off(null, amount, of));
  const coupons = fc.array(fc.oneof(percents, fixed), { maxLength: 2 });

  type Row = typeof rows extends fc.Arbitrary<infer T> ? T : never;
  const invoice = (wanted: readonly Row[], discounts: readonly AppliedDiscount[]): InvoiceTotals =>
    computeTotals({
      currency: 'eur',
      lines: wanted.map((row, at) =>
        line(row.amount, { ...row, description: String(at), tax_behavior: row.inclusive ? 'inclusive' : 'exclusive' }),
      ),
      discounts,
      taxOf: ({ description }) => rate(wanted[Number(description)]?.rate ?? '0'),
    });
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

  it('adds up', () => {
    fc.assert(
      fc.property(wantedLines, coupons, (wanted, given) => {
        const { lines, subtotal, discounts, taxes, total } = invoice(wanted, given);
        const nets = lines.map(({ net }) => net);
        const taxables = taxes.map(({ rate: of }) =>
          sum(lines.filter(({ tax_rate }) => tax_rate === of).map(({ net }) => net)),
        );
        expect({ subtotal, total, discounts: sum(discounts.map(({ amount }) => amount)), taxables }).toEqual({
          subtotal: sum(wanted.map(({ amount }) => amount)),
          total: sum(nets) + sum(taxes.map(({ amount }) => amount)),
          discounts: sum(lines.map(({ discount }) => discount)),
          taxables: taxes.map(({ taxable }) => taxable),
        });
      }),
      RUNS,
    );
  });

  it('has discounts between 0 and the amount, and nets that only tax in the price reduces', () => {
    fc.assert(
      fc.property(wantedLines, coupons, (wanted, given) => {
        const wrong = invoice(wanted, given).lines.filter(({ amount, discount, net, tax_behavior, tax_rate }) => {
          const reduced = amount < 0 ? discount <= 0 && discount >= amount : discount >= 0 && discount <= amount;
          return !reduced || ((tax_behavior === 'exclusive' || tax_rate === '0') && net !== amount - discount);
        });
        expect(wrong).toEqual([]);
      }),
      RUNS,
    );
  });

  it('whose lines all include tax charges the amounts − discounts', () => {
    fc.assert(
      fc.property(wantedLines, coupons, (wanted, given) => {
        const { lines, total } = invoice(
          wanted.map((row) => ({ ...row, inclusive: true })),
          given,
        );
        expect(total).toBe(sum(lines.map(({ amount, discount }) => amount - discount)));
      }),
      RUNS,
    );
  });

  it('whose lines all exclude tax has the tax of the sum, correct to half a minor unit', () => {
    fc.assert(
      fc.property(wantedLines, (wanted) => {
        const { taxes } = invoice(
          wanted.map((row) => ({ ...row, inclusive: false })),
          [],
        );
        const wrong = taxes.filter(({ rate: of, taxable, amount }) => {
          // |tax − taxable × rate/100| ≤ 1/2, in whole numbers.
          const { numerator, denominator } = Decimal.of(of);
          const error = 200n * denominator * BigInt(amount) - 2n * BigInt(taxable) * numerator;
          return error > 100n * denominator || error < -100n * denominator;
        });
        expect(wrong).toEqual([]);
      }),
      RUNS,
    );
  });

  it('with negated lines is negated', () => {
    fc.assert(
      fc.property(wantedLines, fc.array(percents, { maxLength: 2 }), (wanted, given) => {
        const numbers = ({ lines, subtotal, discounts, taxes, total }: InvoiceTotals, sign: number) =>
          [
            subtotal,
            total,
            ...lines.flatMap(({ discount, net }) => [discount, net]),
            ...discounts.map(({ amount }) => amount),
            ...taxes.flatMap(({ taxable, amount }) => [taxable, amount]),
          ]
            .map((number) => sign * number)
            .join();
        const negated = wanted.map((row) => ({ ...row, amount: 0 - row.amount }));
        expect(numbers(invoice(negated, given), -1)).toBe(numbers(invoice(wanted, given), 1));
      }),
      RUNS,
    );
  });
});
