import { Money, refuseMoney } from '../../shared/money.ts';
import { secondsBetween, type Time } from '../../shared/time.ts';
import type { Period, WantedLine } from '../invoice/invoice.lines.ts';
import { lineOf, type SoldPrice } from './lines.ts';

/** What was really charged for [from, until), after its discount. Minor units, net or gross as the price's tax behavior says. */
export interface Basis {
  readonly amount: number;
  readonly from: Time;
  readonly until: Time;
}

/**
 * The part of an amount for [from, until), out of a whole period: by whole seconds, a half away from zero. The part is cut to the
 * period; a period without a whole second gives 0.
 */
export const proratedAmount = (
  amount: number,
  currency: string,
  part: Pick<Basis, 'from' | 'until'>,
  whole: Period,
): number => {
  const seconds = secondsBetween(whole.start, whole.end);
  const from = part.from < whole.start ? whole.start : part.from;
  const until = part.until > whole.end ? whole.end : part.until;
  const used = secondsBetween(from, until);
  return seconds <= 0 || used <= 0 ? 0 : Money.of(amount, currency).share(used, seconds).amount;
};

/** One side of a change. */
export interface ChangeSide {
  readonly price: SoldPrice;
  readonly quantity: number;
  /** The name of the plan, as the invoice shows it. */
  readonly name: string;
}

/** What a subscription had before its last change, and before all others of the same second. */
export interface Former {
  /** The moment of the change. */
  readonly at: Time;
  readonly price_id: string;
  readonly quantity: number;
  readonly basis: Basis;
}

export interface WantedChange {
  readonly at: Time;
  readonly from: ChangeSide & { readonly basis: Basis };
  /** `amount`: of a full period, for all units, after discounts: `discountedAmount`. */
  readonly to: ChangeSide & { readonly amount: number };
  /** The period in which the new price is charged: the present one, or the new one if the interval changes. */
  readonly period: Period;
  /** As the last change returned it; null if there was none in this period. */
  readonly former: Former | null;
}

export interface Change {
  /** The credit first, then the charge; those of 0 are left out. */
  readonly lines: readonly WantedLine[];
  /** What the next change gives back. */
  readonly basis: Basis;
  readonly former: Former;
}

/**
 * Lines of a change within a period: a credit for the unused time of what was really charged, and a charge for the rest of the
 * period at the new price. No coupon reduces them: both amounts are after their discounts.
 *
 * Changes within one second happen at the same moment: the first of them. A change that returns, in that second, to what the
 * subscription had before restores the former basis and charges exactly what was given back. So both changes net to zero, even if
 * the former amount was rounded or had a discount that no longer applies.
 */
export const changeLines = ({ at, from, to, period, former }: WantedChange): Change => {
  if (from.price.currency !== to.price.currency)
    refuseMoney('CURRENCY_MISMATCH', { currencies: [from.price.currency, to.price.currency] });
  const again = former !== null && sameSecond(former.at, at) && former.basis.until > at;
  const kept = again ? former : { at, price_id: from.price.id, quantity: from.quantity, basis: from.basis };
  const moment = kept.at;
  const restored = again && kept.price_id === to.price.id && kept.quantity === to.quantity ? kept.basis : null;

  const { currency } = to.price;
  const unused = restOf(from.basis, moment, currency);
  const whole = restored ?? { amount: to.amount, from: period.start, until: period.end };
  const rest = restOf(whole, moment, currency);
  const credit = Money.of(unused.amount, currency).negated().amount;
  const lines = [
    prorationLine(from, `Unused time: ${from.name}`, { ...unused, amount: credit }),
    prorationLine(to, `Remaining time: ${to.name}`, rest),
  ].filter(({ amount }) => amount !== 0);
  return { lines, basis: restored ?? rest, former: kept };
};

/** Whether both times are in the same second of the clock. */
const sameSecond = (a: Time, b: Time): boolean => a.slice(0, 19) === b.slice(0, 19);

/** What is left of a basis at that moment. */
const restOf = ({ amount, from, until }: Basis, at: Time, currency: string): Basis => ({
  amount: proratedAmount(amount, currency, { from: at, until }, { start: from, end: until }),
  from: at < from ? from : at,
  until,
});

const prorationLine = (
  { price, quantity }: ChangeSide,
  description: string,
  { amount, from, until }: Basis,
): WantedLine =>
  lineOf(price, {
    kind: 'proration',
    description,
    quantity,
    unit_amount: null,
    amount,
    period: { start: from, end: until },
    discountable: false,
  });
