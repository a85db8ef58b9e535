import fc from 'fast-check';
import { RUNS } from '../../testing/runs.ts';
import { CURRENCIES, exponentOf, isCurrency } from './currency.ts';
import { Decimal } from './decimal.ts';
import { Money } from './money.ts';

const eur = (amount: number): Money => Money.of(amount, 'eur');
const refusal = (code: string) => expect.objectContaining({ code });
const amounts = (parts: readonly Money[]): number[] => parts.map(({ amount }) => amount);

describe('a currency', () => {
  it.each(
    Object.entries({
      eur: 2,
      usd: 2,
      huf: 2,
      idr: 2,
      mga: 2,
      mru: 2,
      jpy: 0,
      isk: 0,
      ugx: 0,
      clp: 0,
      kwd: 3,
      tnd: 3,
      clf: 4,
      sats: 0,
      xcg: 2,
      xaf: 0,
    }),
  )('%s has the digits of ISO 4217: %d', (currency, digits) => {
    expect(exponentOf(currency)).toBe(digits);
  });

  it.each(['EUR', 'xau', 'xxx', 'xts', 'btc', 'abc', '', 'constructor'])('is not "%s"', (code) => {
    expect(isCurrency(code)).toBe(false);
    expect(() => Money.of(1, code)).toThrow(refusal('UNKNOWN_CURRENCY'));
  });

  it('is listed once', () => {
    expect(new Set(CURRENCIES).size).toBe(CURRENCIES.length);
    expect(CURRENCIES.length).toBeGreaterThan(150);
  });
});

describe('an amount', () => {
  it.each([0.1, 1e-9, NaN, Infinity])('is not %d', (amount) => {
    expect(() => eur(amount)).toThrow(refusal('AMOUNT_NOT_WHOLE'));
  });

  it('is at most 2^53 − 1', () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(eur(-most).amount).toBe(-most);
    expect(() => eur(most + 1)).toThrow(refusal('AMOUNT_TOO_LARGE'));
    const larger = eur(most).plus(eur(1));
    expect(() => larger.amount).toThrow(refusal('AMOUNT_TOO_LARGE'));
    expect(() => larger.negated().amount).toThrow(refusal('AMOUNT_TOO_LARGE'));
    expect(larger.minus(eur(1)).amount).toBe(most);
    expect(() => eur(1e12).times(1e6).amount).toThrow(refusal('AMOUNT_TOO_LARGE'));
    expect(eur(1e9).times(1e6).amount).toBe(1e15);
  });

  it('is never mixed with another currency', () => {
    expect(() => eur(1).plus(Money.of(1, 'usd'))).toThrow(refusal('CURRENCY_MISMATCH'));
    expect(() => eur(1).minus(Money.of(1, 'usd'))).toThrow(refusal('CURRENCY_MISMATCH'));
    expect(() => eur(1).atMost(Money.of(1, 'usd'))).toThrow(refusal('CURRENCY_MISMATCH'));
  });

  it.each([
    ['eur', 1234, '12.34'],
    ['eur', 5, '0.05'],
    ['eur', -5, '-0.05'],
    ['eur', 0, '0.00'],
    ['eur', -123_456, '-1234.56'],
    ['jpy', 1234, '1234'],
    ['jpy', -7, '-7'],
    ['kwd', 1234, '1.234'],
    ['kwd', 1, '0.001'],
    ['sats', 21, '21'],
  ])('of %s %d is written %s', (currency, amount, text) => {
    expect(Money.of(amount, currency).format()).toBe(text);
  });

  it('rounds a half away from zero', () => {
    expect(amounts([eur(5).share(1, 2), eur(-5).share(1, 2), eur(1).share(1, 3), eur(2).share(1n, 3n)])).toEqual([
      3, -3, 0, 1,
    ]);
    expect(amounts([eur(5).percent('10'), eur(-5).percent('10'), eur(4).percent('12.4')])).toEqual([1, -1, 0]);
    expect(amounts([eur(1).timesDecimal('2.5'), eur(1).timesDecimal('-2.5')])).toEqual([3, -3]);
    // In floats, 1.005 × 100 is 100.49999999999999.
    expect(eur(100).timesDecimal('1.005').amount).toBe(101);
    expect(() => eur(1).share(1, 0)).toThrow(RangeError);
    expect(() => eur(1).times(1.5)).toThrow(RangeError);
  });
});

describe('allocation', () => {
  it.each([
    [100, [1, 1, 1], [34, 33, 33]],
    [-100, [1, 1, 1], [-34, -33, -33]],
    [5, [3, 0, 7], [2, 0, 3]],
    [1, [0, 1, 1], [0, 1, 0]],
    [10, [0, 0], [5, 5]],
    [0, [], []],
    [7, [1e15, 1], [7, 0]],
  ])('of %d by %j is %j', (amount, weights, parts) => {
    expect(amounts(eur(amount).allocate(weights)).map((part) => part + 0)).toEqual(parts);
  });

  it('refuses weights that it cannot use', () => {
    expect(() => eur(1).allocate([2, -1])).toThrow(RangeError);
    expect(() => eur(1).allocate([])).toThrow(RangeError);
    expect(() => eur(1).allocate([0.5])).toThrow(RangeError);
  });

  const weights = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1e12 })), {
    minLength: 1,
    maxLength: 9,
  });
  const total = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.maxSafeInteger());

  it('loses no minor unit, and each part is exact to one', () => {
    fc.assert(
      fc.property(total, weights, (amount, given) => {
        const parts = eur(amount).allocate(given);
        expect(Money.sum(parts, 'eur').amount).toBe(amount);
        const sum = given.reduce((all, weight) => all + BigInt(weight), 0n);
        if (sum === 0n) return;
        const errors = parts.map(({ minor }, at) => minor * sum - BigInt(amount) * BigInt(given[at] ?? 0));
        expect(errors.every((error) => error < sum && error > -sum)).toBe(true);
        expect(parts.every(({ minor }, at) => given[at] !== 0 || minor === 0n)).toBe(true);
      }),
      RUNS,
    );
  });

  it('of a negated amount is negated', () => {
    fc.assert(
      fc.property(total, weights, (amount, given) => {
        const negated = eur(amount).negated().allocate(given);
        expect(negated.map(({ minor }) => -minor)).toEqual(
          eur(amount)
            .allocate(given)
            .map(({ minor }) => minor),
        );
      }),
      RUNS,
    );
  });

  it('of a share over amounts of any sign adds up to the share of their sum', () => {
    const ratio = fc
      .tuple(fc.bigInt({ min: 0n, max: 1000n }), fc.bigInt({ min: 0n, max: 1000n }))
      .map(([a, b]) => ({ numerator: a < b ? a : b, denominator: (a > b ? a : b) + 1n }));
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1e6, max: 1e6 }), { maxLength: 9 }),
        ratio,
        (given, { numerator, denominator }) => {
          const of = given.map(eur);
          const parts = Money.shareEach(of, { numerator, denominator });
          const sum = Money.sum(of, 'eur').share(numerator, denominator);
          expect(Money.sum(parts, 'eur').amount).toBe(sum.amount);
          const errors = parts.map(({ minor }, at) => minor * denominator - (of[at]?.minor ?? 0n) * numerator);
          expect(errors.every((error) => error < denominator && error > -denominator)).toBe(true);
        },
      ),
      RUNS,
    );
  });
});

describe('a rounded share', () => {
  it('is within half a minor unit, and symmetric', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.bigInt({ min: 1n, max: 10n ** 20n }),
        (amount, n, d) => {
          const { minor } = eur(amount).share(n, d);
          const error = 2n * (minor * d - BigInt(amount) * n);
          expect(error <= d && error >= -d).toBe(true);
          expect(eur(amount).negated().share(n, d).minor).toBe(-minor);
        },
      ),
      RUNS,
    );
  });
});

describe('a decimal', () => {
  it.each([
    ['19', '19'],
    ['5.50', '5.5'],
    ['0.05', '0.05'],
    ['-0.000000000001', '-0.000000000001'],
    ['9999999999999999.999999999999', '9999999999999999.999999999999'],
    ['0.0', '0'],
    ['-0', '0'],
    ['100', '100'],
  ])('%s prints as %s', (text, printed) => {
    expect(Decimal.of(text).toString()).toBe(printed);
  });

  it.each([
    '',
    '.5',
    '5.',
    '05',
    '+1',
    '1e3',
    '1,5',
    ' 1',
    '1 ',
    '0x1',
    '0.0000000000001',
    '12345678901234567',
    'NaN',
    '١',
  ])('is not "%s"', (text) => {
    expect(() => Decimal.of(text)).toThrow(RangeError);
  });

  it('of a number is what the number prints', () => {
    expect(Decimal.of(0.1).plus(Decimal.of(0.2)).toString()).toBe('0.3');
    expect(Decimal.of(10n).times(Decimal.of('0.05')).toString()).toBe('0.5');
    expect(() => Decimal.of(1e21)).toThrow(RangeError);
    expect(() => Decimal.of(NaN)).toThrow(RangeError);
  });

  it('counts a begun package whole', () => {
    const packages = (quantity: string, size: number) => Decimal.of(quantity).packages(size).toString();
    expect([
      packages('0', 10),
      packages('0.001', 10),
      packages('10', 10),
      packages('10.01', 10),
      packages('-3', 10),
    ]).toEqual(['0', '1', '1', '2', '0']);
  });
});
