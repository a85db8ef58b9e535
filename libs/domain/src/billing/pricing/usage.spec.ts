import fc from 'fast-check';
import { priceOf, usageOf } from '../../../testing/prices.ts';
import { RUNS } from '../../../testing/runs.ts';
import type { Tier, UsagePricing } from '../price/price.terms.ts';
import { type Late, usageLines } from './usage.ts';

const MONTH = { start: '2027-01-01T00:00:00.000Z', end: '2027-02-01T00:00:00.000Z' };
const tier = (up_to: number | null, unit_amount: number | string, flat_amount = 0): Tier => ({
  up_to,
  unit_amount,
  flat_amount,
});
/** 100 units free, then 5 cents each, above 1,000 a twentieth of a cent. */
const TIERS = [tier(100, '0'), tier(1000, '5'), tier(null, '0.05')];

/** Quantity × unit amount = amount of each line. */
const lines = (usage: Partial<UsagePricing>, used: number | string, late: Late | null = null, amount = 0) =>
  usageLines(priceOf({ amount, usage: usageOf(usage) }), used, MONTH, 'Requests', late).map(
    ({ quantity, unit_amount, amount: charged }) => `${quantity} × ${unit_amount} = ${charged}`,
  );

describe('usage without tiers', () => {
  it('costs the amount for each unit', () => {
    expect(usageLines(priceOf({ amount: 3, usage: usageOf() }), 7, MONTH, 'Requests')).toEqual([
      {
        kind: 'usage',
        description: 'Requests',
        product_id: 'prod_1',
        plan_id: 'plan_1',
        price_id: 'price_1',
        license_id: null,
        quantity: 7,
        unit_amount: '3',
        amount: 21,
        period: MONTH,
        tax_behavior: 'exclusive',
        discountable: true,
      },
    ]);
    expect(lines({ tiers_mode: 'volume' }, '2.5', null, 3)).toEqual(['2.5 × 3 = 8']);
  });

  it('of zero gives no line', () => {
    expect(lines({}, 0, null, 3)).toEqual([]);
    expect(lines({}, '0', null, 3)).toEqual([]);
  });

  it('counts a begun package whole', () => {
    expect(lines({ package_size: 100 }, 0, null, 500)).toEqual([]);
    expect(lines({ package_size: 100 }, 1, null, 500)).toEqual(['1 × 500 = 500']);
    expect(lines({ package_size: 100 }, 100, null, 500)).toEqual(['1 × 500 = 500']);
    expect(lines({ package_size: 100 }, '100.001', null, 500)).toEqual(['2 × 500 = 1000']);
    const [line] = usageLines(priceOf({ usage: usageOf({ package_size: 100 }) }), 1, MONTH, 'Requests');
    expect(line?.description).toBe('Requests (packages of 100)');
  });

  it('gives no line for a flat price', () => {
    expect(usageLines(priceOf(), 7, MONTH, 'Pro')).toEqual([]);
  });

  it('that costs too much to be exact is refused', () => {
    const tooLarge = expect.objectContaining({ code: 'AMOUNT_TOO_LARGE' });
    expect(() => lines({}, 1e6, null, 1e12)).toThrow(tooLarge);
    expect(() => lines({}, '9999999999999999', null, 1)).toThrow(tooLarge);
  });
});

describe('graduated tiers', () => {
  it('have a line each, for the units in them', () => {
    expect(lines({ tiers: TIERS }, 0)).toEqual([]);
    expect(lines({ tiers: TIERS }, 100)).toEqual(['100 × 0 = 0']);
    expect(lines({ tiers: TIERS }, 101)).toEqual(['100 × 0 = 0', '1 × 5 = 5']);
    expect(lines({ tiers: TIERS }, 1010)).toEqual(['100 × 0 = 0', '900 × 5 = 4500', '10 × 0.05 = 1']);
  });

  it('charge the flat amount of each tier that is reached', () => {
    const tiers = [tier(10, '1', 900), tier(null, '2', 300)];
    expect(lines({ tiers }, 10)).toEqual(['10 × 1 = 10', '1 × 900 = 900']);
    expect(lines({ tiers }, 11)).toEqual(['10 × 1 = 10', '1 × 900 = 900', '1 × 2 = 2', '1 × 300 = 300']);
  });

  it('charge the flat amount of the first tier without any usage', () => {
    expect(lines({ tiers: [tier(10, '1', 900), tier(null, '2', 300)] }, 0)).toEqual(['1 × 900 = 900']);
  });

  it('count packages', () => {
    const tiers = [tier(1, '100'), tier(null, '80')];
    expect(lines({ tiers, package_size: 1000 }, 2001)).toEqual(['1 × 100 = 100', '2 × 80 = 160']);
  });

  it('have no end above the last one', () => {
    expect(lines({ tiers: [tier(10, '1')] }, 15)).toEqual(['15 × 1 = 15']);
  });
});

describe('volume tiers', () => {
  it('price all units as the tier of the last one does', () => {
    const tiers = [tier(10, '10', 500), tier(null, '8', 100)];
    const volume = (used: number) => lines({ tiers, tiers_mode: 'volume' }, used);
    expect(volume(0)).toEqual(['1 × 500 = 500']);
    expect(volume(10)).toEqual(['10 × 10 = 100', '1 × 500 = 500']);
    expect(volume(11)).toEqual(['11 × 8 = 88', '1 × 100 = 100']);
  });
});

describe('late usage', () => {
  it('continues where the earlier invoice ended', () => {
    expect(lines({ tiers: TIERS }, 1010, { billed: 90 })).toEqual(['10 × 0 = 0', '900 × 5 = 4500', '10 × 0.05 = 1']);
    expect(lines({ package_size: 100 }, 150, { billed: 110 }, 500)).toEqual([]);
    expect(lines({ package_size: 100 }, 250, { billed: 110 }, 500)).toEqual(['1 × 500 = 500']);
  });

  it('does not charge flat amounts again', () => {
    const tiers = [tier(10, '1', 900), tier(null, '2', 300)];
    expect(lines({ tiers }, 5, { billed: 0 })).toEqual(['5 × 1 = 5']);
    expect(lines({ tiers }, 12, { billed: 11 })).toEqual(['1 × 2 = 2']);
    expect(lines({ tiers }, 12, { billed: 5 })).toEqual(['5 × 1 = 5', '2 × 2 = 4', '1 × 300 = 300']);
  });

  it('by volume charges or gives back the difference', () => {
    const tiers = [tier(10, '10'), tier(null, '5')];
    const volume = (used: number, billed: number) => lines({ tiers, tiers_mode: 'volume' }, used, { billed });
    expect(volume(10, 8)).toEqual(['2 × null = 20']);
    expect(volume(11, 10)).toEqual(['1 × null = -45']);
    expect(volume(20, 10)).toEqual([]);
  });

  it('that has not grown gives no line', () => {
    expect(lines({ tiers: TIERS }, 90, { billed: 90 })).toEqual([]);
    expect(lines({ tiers: TIERS }, 80, { billed: 90 })).toEqual([]);
  });

  it('is marked with its period', () => {
    const late = usageLines(priceOf({ usage: usageOf() }), 2, MONTH, 'Requests', { billed: 1 });
    expect(late).toMatchObject([{ description: 'Requests, late', period: MONTH, quantity: 1 }]);
  });
});

describe('all usage', () => {
  const units = fc.integer({ min: 0, max: 5000 });
  const tiers = fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { maxLength: 3 }),
      fc.array(fc.record({ unit_amount: fc.constantFrom('0', '1', '7'), flat_amount: fc.constantFrom(0, 0, 250) }), {
        minLength: 4,
        maxLength: 4,
      }),
    )
    .map(([ends, terms]) => {
      const upTo = [...ends.sort((a, b) => a - b), null];
      return upTo.map((up_to, at) => ({ up_to, ...(terms[at] ?? { unit_amount: '1', flat_amount: 0 }) }));
    });
  const pricing = fc.record({
    tiers: fc.option(tiers),
    tiers_mode: fc.constantFrom('graduated' as const, 'volume' as const),
    package_size: fc.option(fc.integer({ min: 1, max: 100 })),
  });
  const charged = (usage: Partial<UsagePricing>, used: number, late: Late | null = null): number =>
    usageLines(priceOf({ amount: 3, usage: usageOf(usage) }), used, MONTH, 'Requests', late).reduce(
      (sum, { amount }) => sum + amount,
      0,
    );

  it('costs the same at once, and billed in parts', () => {
    fc.assert(
      fc.property(pricing, units, units, (usage, one, other) => {
        const [billed, used] = one < other ? [one, other] : [other, one];
        expect(charged(usage, billed) + charged(usage, used, { billed })).toBe(charged(usage, used));
      }),
      RUNS,
    );
  });

  it('is in the lines of graduated tiers, each unit once', () => {
    fc.assert(
      fc.property(tiers, units, (of, used) => {
        const found = usageLines(priceOf({ usage: usageOf({ tiers: of }) }), used, MONTH, 'Requests');
        const counted = found.filter(({ description }) => !description.endsWith('flat amount'));
        expect(counted.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(used);
        expect(found.every(({ amount, quantity, unit_amount }) => amount === quantity * Number(unit_amount))).toBe(
          true,
        );
      }),
      RUNS,
    );
  });
});
