import { priceOf, usageOf } from '../../../testing/prices.ts';
import { oneTimeLine, periodAmount, recurringLine, setupLine } from './lines.ts';

const MONTH = { start: '2027-01-31T09:00:00.000Z', end: '2027-02-28T09:00:00.000Z' };
const tooLarge = expect.objectContaining({ code: 'AMOUNT_TOO_LARGE' });

describe('a line of a period', () => {
  it('charges each unit', () => {
    expect(recurringLine(priceOf(), 3, MONTH, 'Pro')).toEqual({
      kind: 'recurring',
      description: 'Pro',
      product_id: 'prod_1',
      plan_id: 'plan_1',
      price_id: 'price_1',
      license_id: null,
      quantity: 3,
      unit_amount: '1000',
      amount: 3000,
      period: MONTH,
      tax_behavior: 'exclusive',
      discountable: true,
    });
    expect(periodAmount(priceOf(), 3)).toBe(3000);
  });

  it('of a free price is a line of 0', () => {
    expect(recurringLine(priceOf({ amount: 0 }), 3, MONTH, 'Free')).toMatchObject({ amount: 0, quantity: 3 });
  });

  it('does not exist for a metered price', () => {
    const metered = priceOf({ usage: usageOf() });
    expect(recurringLine(metered, 3, MONTH, 'Requests')).toBeNull();
    expect(periodAmount(metered, 3)).toBe(0);
  });

  it('is never larger than what is exact', () => {
    expect(recurringLine(priceOf({ amount: 9_007_199_254 }), 1e6, MONTH, 'Pro')?.amount).toBe(9_007_199_254_000_000);
    expect(() => recurringLine(priceOf({ amount: 1e12 }), 1e6, MONTH, 'Pro')).toThrow(tooLarge);
    expect(() => periodAmount(priceOf({ amount: 1e12 }), 1e6)).toThrow(tooLarge);
    expect(() => oneTimeLine(priceOf({ amount: 1e12 }), 1e6, 'Pro')).toThrow(tooLarge);
  });
});

describe('a setup amount', () => {
  it('is charged once', () => {
    const line = setupLine(priceOf({ setup_amount: 4900 }), 'Setup of Pro');
    expect(line).toMatchObject({ kind: 'setup', quantity: 1, unit_amount: '4900', amount: 4900, period: null });
  });

  it('of 0 gives no line', () => {
    expect(setupLine(priceOf(), 'Setup')).toBeNull();
  });
});

describe('a one-time price', () => {
  it('charges each unit, and may belong to a license', () => {
    const price = priceOf({ interval: null, tax_behavior: 'inclusive' });
    const line = { kind: 'one_time', amount: 2000, period: null, license_id: null, tax_behavior: 'inclusive' };
    expect(oneTimeLine(price, 2, 'Pro, for ever')).toMatchObject(line);
    expect(oneTimeLine(price, 2, 'Updates', 'lic_1')).toMatchObject({ ...line, license_id: 'lic_1' });
  });
});
