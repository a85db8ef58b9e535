import fc from 'fast-check';
import { priceOf } from '../../../testing/prices.ts';
import { RUNS } from '../../../testing/runs.ts';
import { toTime } from '../../shared/time.ts';
import { discountedAmount } from './discounts.ts';
import { type Basis, type Change, changeLines, type Former, proratedAmount } from './proration.ts';

const START = '2027-01-31T09:00:00.000Z';
const END = '2027-02-28T09:00:00.000Z';
const MONTH = { start: START, end: END };
const HALF = '2027-02-14T09:00:00.000Z';
const from = (at: string) => ({ from: at, until: END });

describe('a prorated amount', () => {
  it('is the part of the seconds', () => {
    expect(proratedAmount(2800, 'eur', from(START), MONTH)).toBe(2800);
    expect(proratedAmount(2800, 'eur', from(HALF), MONTH)).toBe(1400);
    expect(proratedAmount(2800, 'eur', from('2027-02-27T09:00:00.000Z'), MONTH)).toBe(100);
    expect(proratedAmount(2800, 'eur', from(END), MONTH)).toBe(0);
  });

  it('rounds a half away from zero', () => {
    expect(proratedAmount(1, 'jpy', from(HALF), MONTH)).toBe(1);
    expect(proratedAmount(-1, 'jpy', from(HALF), MONTH)).toBe(-1);
    expect(proratedAmount(2_000_001, 'kwd', from(HALF), MONTH)).toBe(1_000_001);
  });

  it('counts whole seconds, and begun ones not at all', () => {
    const minute = { start: START, end: '2027-01-31T09:01:00.000Z' };
    expect(proratedAmount(60, 'eur', { from: '2027-01-31T09:00:00.001Z', until: minute.end }, minute)).toBe(59);
    expect(proratedAmount(60, 'eur', { from: '2027-01-31T09:00:01.000Z', until: minute.end }, minute)).toBe(59);
    expect(proratedAmount(60, 'eur', { from: '2027-01-31T09:00:59.500Z', until: minute.end }, minute)).toBe(0);
  });

  it('is never more than the amount, and zero outside of the period', () => {
    expect(
      proratedAmount(2800, 'eur', { from: '2026-01-01T00:00:00.000Z', until: '2028-01-01T00:00:00.000Z' }, MONTH),
    ).toBe(2800);
    expect(
      proratedAmount(2800, 'eur', { from: '2027-03-01T00:00:00.000Z', until: '2028-01-01T00:00:00.000Z' }, MONTH),
    ).toBe(0);
    expect(proratedAmount(2800, 'eur', { from: HALF, until: START }, MONTH)).toBe(0);
    expect(proratedAmount(2800, 'eur', from(START), { start: START, end: START })).toBe(0);
  });

  it('of large amounts is exact', () => {
    expect(proratedAmount(Number.MAX_SAFE_INTEGER, 'eur', from(HALF), MONTH)).toBe(4_503_599_627_370_496);
  });
});

describe('an amount after discounts', () => {
  const coupon = { coupon_id: 'cpn_1', name: 'Spring', plans: null };
  const half = { ...coupon, percent_off: '50', amount_off: null };
  const three = { ...coupon, percent_off: null, amount_off: 300 };

  it('is what computeTotals would charge', () => {
    expect(discountedAmount(1000, 'eur', [half, three], 'plan_1')).toBe(200);
    expect(discountedAmount(1000, 'eur', [three, half], 'plan_1')).toBe(350);
    expect(discountedAmount(100, 'eur', [three], 'plan_1')).toBe(0);
    expect(discountedAmount(1000, 'eur', [], 'plan_1')).toBe(1000);
  });

  it('follows the plans of the coupons', () => {
    const other = { ...half, plans: ['plan_2'] };
    expect(discountedAmount(1000, 'eur', [other], 'plan_1')).toBe(1000);
    expect(discountedAmount(1000, 'eur', [other], 'plan_2')).toBe(500);
    expect(discountedAmount(1000, 'eur', [other], null)).toBe(1000);
  });
});

/** A subscription that changes: its price and quantity, and what the last change returned. */
interface Paid {
  readonly price: string;
  readonly quantity: number;
  readonly amount: number;
  readonly basis: Basis;
  readonly former: Former | null;
}
const paid = (price: string, amount: number, charged = amount): Paid => ({
  price,
  quantity: 1,
  amount,
  basis: { amount: charged, from: START, until: END },
  former: null,
});
const side = ({ price, quantity, amount }: Pick<Paid, 'price' | 'quantity' | 'amount'>) => ({
  price: priceOf({ id: price, amount }),
  quantity,
  name: price,
});
const change = (
  now: Paid,
  to: { price: string; amount: number; quantity?: number },
  at: string,
  period = MONTH,
): Paid & Change => {
  const next = { quantity: 1, ...to };
  const result = changeLines({
    at,
    from: { ...side(now), basis: now.basis },
    to: { ...side(next), amount: next.amount },
    period,
    former: now.former,
  });
  return { ...next, ...result };
};
const net = ({ lines }: Change): number => lines.reduce((sum, { amount }) => sum + amount, 0);

describe('a change', () => {
  it('gives the unused time back and charges the rest of the period', () => {
    const { lines, basis, former } = change(paid('basic', 1000), { price: 'pro', amount: 3001 }, HALF);
    const common = {
      kind: 'proration',
      quantity: 1,
      unit_amount: null,
      discountable: false,
      period: { start: HALF, end: END },
    };
    expect(lines).toMatchObject([
      { ...common, description: 'Unused time: basic', price_id: 'basic', amount: -500 },
      { ...common, description: 'Remaining time: pro', price_id: 'pro', amount: 1501 },
    ]);
    expect(basis).toEqual({ amount: 1501, from: HALF, until: END });
    expect(former).toEqual({
      at: HALF,
      price_id: 'basic',
      quantity: 1,
      basis: { amount: 1000, from: START, until: END },
    });
  });

  it('gives back what was really charged, after its discount', () => {
    expect(change(paid('basic', 1000, 400), { price: 'pro', amount: 3000 }, HALF).lines[0]?.amount).toBe(-200);
  });

  it('leaves out lines of 0', () => {
    expect(change(paid('free', 0), { price: 'pro', amount: 3000 }, HALF).lines).toHaveLength(1);
    expect(change(paid('basic', 1000), { price: 'free', amount: 0 }, HALF).lines).toHaveLength(1);
  });

  it('to another interval charges its new period', () => {
    const year = { start: HALF, end: '2028-02-14T09:00:00.000Z' };
    const { lines, basis } = change(paid('monthly', 1000), { price: 'yearly', amount: 10_000 }, HALF, year);
    expect(lines.map(({ amount }) => amount)).toEqual([-500, 10_000]);
    expect(basis).toEqual({ amount: 10_000, from: year.start, until: year.end });
  });

  it('to a price in another currency is refused', () => {
    const to = { ...side({ price: 'pro', quantity: 1, amount: 1 }), amount: 1 };
    const refused = () =>
      changeLines({
        at: HALF,
        from: { ...side(paid('basic', 1000)), basis: paid('basic', 1000).basis },
        to: { ...to, price: priceOf({ currency: 'usd' }) },
        period: MONTH,
        former: null,
      });
    expect(refused).toThrow(expect.objectContaining({ code: 'CURRENCY_MISMATCH' }));
  });
});

describe('a change and its reversal', () => {
  it('within a second net to zero and restore the basis, also if the first invoice had a coupon', () => {
    const before = paid('basic', 1000, 333);
    const there = change(before, { price: 'pro', amount: 3000 }, '2027-02-14T09:00:00.100Z');
    const back = change(there, { price: 'basic', amount: 1000 }, '2027-02-14T09:00:00.900Z');
    expect(net(there) + net(back)).toBe(0);
    expect(back.basis).toEqual(before.basis);
  });

  it('a second later charges by the second', () => {
    const there = change(paid('basic', 1000, 333), { price: 'pro', amount: 3000 }, HALF);
    const back = change(there, { price: 'basic', amount: 1000 }, '2027-02-14T09:00:01.000Z');
    expect(net(there) + net(back)).toBe(500 - 167);
    expect(back.basis).toEqual({ amount: 500, from: '2027-02-14T09:00:01.000Z', until: END });
  });

  it('are not confused by a change of an earlier period in the same second', () => {
    const end = '2027-02-28T09:00:00.500Z';
    const month = { start: START, end };
    const there = change(
      { ...paid('basic', 1000), basis: { amount: 1000, from: START, until: end } },
      { price: 'pro', amount: 3000 },
      END,
      month,
    );
    const next = { start: end, end: '2027-03-31T09:00:00.500Z' };
    const renewed = { ...there, basis: { amount: 3000, from: next.start, until: next.end } };
    const back = change(renewed, { price: 'basic', amount: 1000 }, '2027-02-28T09:00:00.700Z', next);
    expect(back.lines.map(({ amount }) => amount)).toEqual([-3000, 1000]);
  });
});

describe('changes', () => {
  const plans = fc.constantFrom(
    { price: 'free', amount: 0 },
    { price: 'basic', amount: 999 },
    { price: 'basic', amount: 1998, quantity: 2 },
    { price: 'pro', amount: 3001 },
  );
  const length = Date.parse(END) - Date.parse(START);
  const moments = fc.integer({ min: 0, max: length - 1000 }).map((ms) => toTime(Date.parse(START) + ms));
  const coupons = fc.integer({ min: 0, max: 999 });

  it('within one second net to zero once they are back where they began', () => {
    fc.assert(
      fc.property(moments, coupons, fc.array(plans, { minLength: 1, maxLength: 5 }), (moment, charged, path) => {
        const before = paid('basic', 999, charged);
        let now: Paid = before;
        let sum = 0;
        for (const [nth, to] of [...path, { price: 'basic', amount: 999 }].entries()) {
          if (to.price === now.price && (('quantity' in to && to.quantity) || 1) === now.quantity) continue;
          const next = change(now, to, `${moment.slice(0, 20)}${nth}00Z`);
          sum += net(next);
          now = next;
        }
        expect(sum).toBe(0);
        expect(now.basis).toEqual(before.basis);
      }),
      RUNS,
    );
  });

  it('at any times never give back more than was charged, and charge at most the dearest price', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(moments, plans), { maxLength: 5 }), (steps) => {
        let now: Paid = paid('basic', 999);
        let sum = 999;
        for (const [at, to] of steps.sort(([a], [b]) => (a < b ? -1 : 1))) {
          const next = change(now, to, at);
          sum += net(next);
          now = next;
        }
        expect(sum).toBeGreaterThanOrEqual(0);
        // Each of the amounts is rounded by at most half a minor unit.
        expect(sum).toBeLessThanOrEqual(3001 + steps.length);
      }),
      RUNS,
    );
  });
});
