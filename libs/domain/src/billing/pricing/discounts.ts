import { percent } from '../../shared/decimal.ts';
import { Money } from '../../shared/money.ts';
import type { AppliedDiscount, WantedLine } from '../invoice/invoice.lines.ts';

/** What discounts need to know of a line. */
export type Discountable = Pick<WantedLine, 'amount' | 'plan_id' | 'discountable'>;

export interface Reduced<Line> {
  readonly line: Line;
  readonly amount: Money;
  /** What the discounts leave of the amount. */
  readonly left: Money;
}

/**
 * Applies discounts in their order, each on what the earlier ones left, to the discountable lines of its plans. No charge becomes
 * less than zero.
 *
 * A percentage is rounded once, on the sum of its lines, and split over them in proportion; a credit gives its part back. A fixed
 * amount is split over the charges in proportion to what is left of them, and is at most that; credits have no part in it.
 * @returns the lines, and what each discount takes from all of them
 */
export const reduceLines = <Line extends Discountable>(
  lines: readonly Line[],
  discounts: readonly AppliedDiscount[],
  currency: string,
): { readonly lines: readonly Reduced<Line>[]; readonly taken: readonly Money[] } => {
  const zero = Money.zero(currency);
  let reduced = lines.map((line) => {
    const amount = Money.of(line.amount, currency);
    return { line, amount, left: amount };
  });
  const taken = discounts.map((discount) => {
    const reducible = reduced.map(({ line, left }) => (applies(discount, line) ? left : zero));
    const parts = partsOf(discount, reducible, zero);
    reduced = reduced.map((line, at) => ({ ...line, left: line.left.minus(parts[at] ?? zero) }));
    return Money.sum(parts, currency);
  });
  return { lines: reduced, taken };
};

/**
 * What a full period of a plan costs after the discounts that apply to it: prorations are computed from this.
 * @param amount minor units, for all units of the period
 */
export const discountedAmount = (
  amount: number,
  currency: string,
  discounts: readonly AppliedDiscount[],
  plan_id: string | null,
): number => {
  const { lines } = reduceLines([{ amount, plan_id, discountable: true }], discounts, currency);
  return lines[0]?.left.amount ?? 0;
};

const applies = ({ plans }: AppliedDiscount, { plan_id, discountable }: Discountable): boolean =>
  discountable && (plans === null || (plan_id !== null && plans.includes(plan_id)));

const partsOf = ({ percent_off, amount_off }: AppliedDiscount, amounts: readonly Money[], zero: Money): Money[] => {
  if (percent_off !== null) {
    const share = percent(percent_off);
    if (share.numerator < 0n || share.numerator > share.denominator)
      throw new RangeError(`A discount of ${percent_off} percent.`);
    return Money.shareEach(amounts, share);
  }
  const charges = amounts.map((amount) => (amount.isPositive() ? amount : zero));
  const off = Money.of(amount_off ?? 0, zero.currency);
  if (off.isNegative()) throw new RangeError('A discount of less than zero.');
  return off.atMost(Money.sum(charges, zero.currency)).allocate(charges.map(({ minor }) => minor));
};
