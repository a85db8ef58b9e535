import { exponentOf } from './currency.ts';
import { Decimal, percent, type Ratio } from './decimal.ts';
import { type Refusals, refuser } from './refusal.ts';

export type MoneyRefusal = 'AMOUNT_TOO_LARGE' | 'AMOUNT_NOT_WHOLE' | 'UNKNOWN_CURRENCY' | 'CURRENCY_MISMATCH';

export const moneyRefusals: Refusals<MoneyRefusal> = {
  AMOUNT_TOO_LARGE: {
    status: 400,
    message: 'The amount is beyond 9007199254740991 minor units, the most that is exact.',
  },
  AMOUNT_NOT_WHOLE: { status: 400, message: 'Amounts are whole numbers of minor units, such as cents.' },
  UNKNOWN_CURRENCY: { status: 400, message: 'The currency is neither an ISO 4217 code in lower case nor `sats`.' },
  CURRENCY_MISMATCH: { status: 409, message: 'The amounts have different currencies.' },
};

export const refuseMoney = refuser(moneyRefusals);

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** The nearest whole number; a half goes away from zero, so that −x rounds to −(x rounded). */
const rounded = (numerator: bigint, denominator: bigint): bigint => {
  const half = numerator < 0n ? -denominator : denominator;
  return (2n * numerator + half) / (2n * denominator);
};

/** The largest whole number that is not above the fraction. */
const floor = (numerator: bigint, denominator: bigint): bigint => {
  const towardsZero = numerator / denominator;
  return numerator < 0n && towardsZero * denominator !== numerator ? towardsZero - 1n : towardsZero;
};

/**
 * Rounds each `part / denominator` down or up so that they add up to `total`, which is their exact sum, rounded. The largest
 * remainders are rounded up; of equal ones the first. Negated parts give negated results: hence the sign of the first part that
 * is not 0 decides which way is up.
 */
const apportion = (total: bigint, parts: readonly bigint[], denominator: bigint): bigint[] => {
  const sign = (parts.find((part) => part !== 0n) ?? 0n) < 0n ? -1n : 1n;
  const floors = parts.map((part) => floor(sign * part, denominator));
  const missing = sign * total - floors.reduce((sum, part) => sum + part, 0n);
  const remainders = parts.map((part, at) => ({ at, left: sign * part - (floors[at] ?? 0n) * denominator }));
  const up = new Set(
    remainders
      .sort((a, b) => (a.left > b.left ? -1 : a.left < b.left ? 1 : a.at - b.at))
      .slice(0, Number(missing))
      .map(({ at }) => at),
  );
  return floors.map((part, at) => sign * (up.has(at) ? part + 1n : part));
};

/**
 * An amount of a currency, exact: whole minor units, such as cents, in a bigint. All arithmetic on amounts is done here, and each
 * method that has to round says so. See docs/decisions/money.md.
 */
export class Money {
  private constructor(
    /** Minor units. Intermediate results may be larger than `amount` can give. */
    readonly minor: bigint,
    /** ISO 4217 in lower case, or `sats`. */
    readonly currency: string,
  ) {}

  /**
   * @param amount minor units: 1234 for 12.34 EUR
   * @throws AMOUNT_NOT_WHOLE, AMOUNT_TOO_LARGE (beyond 2^53 − 1), UNKNOWN_CURRENCY
   */
  static of(amount: number, currency: string): Money {
    if (exponentOf(currency) === undefined) refuseMoney('UNKNOWN_CURRENCY', { currency });
    if (!Number.isInteger(amount)) refuseMoney('AMOUNT_NOT_WHOLE', { amount: String(amount) });
    if (!Number.isSafeInteger(amount)) refuseMoney('AMOUNT_TOO_LARGE', { amount: String(amount) });
    return new Money(BigInt(amount), currency);
  }

  static zero(currency: string): Money {
    return Money.of(0, currency);
  }

  static sum(amounts: readonly Money[], currency: string): Money {
    return amounts.reduce((sum, amount) => sum.plus(amount), Money.zero(currency));
  }

  /**
   * The same part of each amount, each rounded down or up so that they add up to that part of the sum, which is rounded once.
   * Amounts may have different signs; those of credits get a share below zero. Amounts negated give shares negated.
   */
  static shareEach(amounts: readonly Money[], { numerator, denominator }: Ratio): Money[] {
    const [first] = amounts;
    if (first === undefined) return [];
    const total = Money.sum(amounts, first.currency).share(numerator, denominator);
    const parts = amounts.map(({ minor }) => minor * numerator);
    return apportion(total.minor, parts, denominator).map((minor) => first.#with(minor));
  }

  /**
   * Minor units, for events, tables and the API.
   * @throws AMOUNT_TOO_LARGE beyond 2^53 − 1
   */
  get amount(): number {
    if (this.minor > LARGEST || this.minor < -LARGEST)
      refuseMoney('AMOUNT_TOO_LARGE', { amount: this.minor.toString() });
    return Number(this.minor);
  }

  /** @throws CURRENCY_MISMATCH */
  plus(other: Money): Money {
    if (other.currency !== this.currency)
      refuseMoney('CURRENCY_MISMATCH', { currencies: [this.currency, other.currency] });
    return this.#with(this.minor + other.minor);
  }

  /** @throws CURRENCY_MISMATCH */
  minus(other: Money): Money {
    return this.plus(other.negated());
  }

  negated(): Money {
    return this.#with(-this.minor);
  }

  /** @param factor a whole number */
  times(factor: number | bigint): Money {
    return this.#with(this.minor * BigInt(factor));
  }

  /** Rounded once: a half goes away from zero. */
  timesDecimal(factor: Decimal | string): Money {
    const { numerator, denominator } = typeof factor === 'string' ? Decimal.of(factor) : factor;
    return this.#with(rounded(this.minor * numerator, denominator));
  }

  /** `numerator / denominator` of it, rounded once: a half goes away from zero. The denominator is above 0. */
  share(numerator: bigint | number, denominator: bigint | number): Money {
    if (denominator <= 0) throw new RangeError('A share needs a denominator above 0.');
    return this.#with(rounded(this.minor * BigInt(numerator), BigInt(denominator)));
  }

  /** `percent('12.5')` is an eighth of it, rounded once: a half goes away from zero. */
  percent(rate: string): Money {
    const { numerator, denominator } = percent(rate);
    return this.share(numerator, denominator);
  }

  /**
   * Parts in proportion to the weights that add up to exactly this amount. Each is the exact part rounded down or up: the largest
   * remainders up, of equal ones the first. A weight of 0 gets nothing; if all are 0, the parts are equal.
   * @param weights whole numbers, 0 or more; at least one, unless the amount is 0
   */
  allocate(weights: readonly (bigint | number)[]): Money[] {
    const given = weights.map((weight) => BigInt(weight));
    if (given.some((weight) => weight < 0n)) throw new RangeError('Weights are 0 or more.');
    if (given.length === 0 && this.minor !== 0n) throw new RangeError('An amount needs at least one weight.');
    const used = given.every((weight) => weight === 0n) ? given.map(() => 1n) : given;
    const sum = used.reduce((total, weight) => total + weight, 0n);
    const parts = used.map((weight) => this.minor * weight);
    return apportion(this.minor, parts, sum).map((minor) => this.#with(minor));
  }

  /** The smaller of the two. */
  atMost(other: Money): Money {
    return this.minus(other).minor <= 0n ? this : other;
  }

  isZero(): boolean {
    return this.minor === 0n;
  }

  isNegative(): boolean {
    return this.minor < 0n;
  }

  isPositive(): boolean {
    return this.minor > 0n;
  }

  /** Major units, for documents: `12.34`, `-0.05`; `1234` in `jpy`, `1.234` in `kwd`. */
  format(): string {
    const digits = exponentOf(this.currency) ?? 0;
    const text = (this.minor < 0n ? -this.minor : this.minor).toString().padStart(digits + 1, '0');
    const sign = this.minor < 0n ? '-' : '';
    const point = text.length - digits;
    return digits === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`;
  }

  #with(minor: bigint): Money {
    return new Money(minor, this.currency);
  }
}
