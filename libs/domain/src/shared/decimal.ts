/**
 * Text of a decimal that is 0 or more, for schemas of the API: `19`, `5.5`, `0.05`. At most 16 digits before the point and 12
 * after it.
 */
export const DECIMAL_PATTERN = '^(0|[1-9][0-9]{0,15})(\\.[0-9]{1,12})?$';

const TEXT = /^(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,12}))?$/;

/** A part of something: `numerator / denominator`. The denominator is above 0. */
export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** An exact decimal: a rate, a quantity, an amount of a single unit. */
export class Decimal implements Ratio {
  /** The denominator is a power of ten. */
  private constructor(
    readonly numerator: bigint,
    readonly denominator: bigint,
  ) {}

  /**
   * @param value text such as `5.5`, or a number that JavaScript prints like that (`1e21` is refused)
   * @throws RangeError for other text, and beyond 16 digits before the point or 12 after it
   */
  static of(value: string | number | bigint): Decimal {
    const [matched, sign, whole = '', fraction = ''] = TEXT.exec(String(value)) ?? [];
    if (matched === undefined) throw new RangeError(`"${value}" is not a decimal of 16 digits and 12 after the point.`);
    const digits = BigInt(whole + fraction);
    return new Decimal(sign === '-' ? -digits : digits, 10n ** BigInt(fraction.length));
  }

  plus(other: Decimal): Decimal {
    const sum = this.numerator * other.denominator + other.numerator * this.denominator;
    return new Decimal(sum, this.denominator * other.denominator);
  }

  minus(other: Decimal): Decimal {
    return this.plus(new Decimal(-other.numerator, other.denominator));
  }

  times(other: Decimal): Decimal {
    return new Decimal(this.numerator * other.numerator, this.denominator * other.denominator);
  }

  /** Negative if it is less than `other`, 0 if both are the same, positive if it is more: for `sort`. */
  compare(other: Decimal): number {
    const difference = this.minus(other).numerator;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  isZero(): boolean {
    return this.numerator === 0n;
  }

  /** The smaller of the two. */
  atMost(other: Decimal): Decimal {
    return this.compare(other) <= 0 ? this : other;
  }

  /** How many packages of `size` hold it: a begun package counts whole. `size` is a whole number above 0; negative ones need none. */
  packages(size: number): Decimal {
    const whole = BigInt(size) * this.denominator;
    return new Decimal(this.numerator <= 0n ? 0n : (this.numerator + whole - 1n) / whole, 1n);
  }

  /** The nearest number, to show a quantity: nothing is calculated with it. */
  toNumber(): number {
    return Number(this.toString());
  }

  /** The shortest text: `5.50` prints as `5.5`. */
  toString(): string {
    const sign = this.numerator < 0n ? '-' : '';
    const digits = this.denominator.toString().length - 1;
    const text = (this.numerator < 0n ? -this.numerator : this.numerator).toString().padStart(digits + 1, '0');
    const fraction = text.slice(text.length - digits).replace(/0+$/, '');
    const whole = text.slice(0, text.length - digits);
    return sign + (digits === 0 || fraction === '' ? whole : `${whole}.${fraction}`);
  }
}

/** `12.5` percent is 125/1000. */
export const percent = (rate: string): Ratio => {
  const { numerator, denominator } = Decimal.of(rate);
  return { numerator, denominator: 100n * denominator };
};

/** The part of a gross amount that is tax: 19 percent are 19/119 of it, since gross − gross/(1 + rate) = gross × rate/(1 + rate). */
export const percentIncluded = (rate: string): Ratio => {
  const { numerator, denominator } = percent(rate);
  return { numerator, denominator: denominator + numerator };
};
