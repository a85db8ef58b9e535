import type { Interval } from '../../shared/calendar.ts';
import type { PriceInterval, PriceTerms } from '../price/price.terms.ts';

/** When a subscription that is paid by an invoice begins to give access. */
export type ActivateOn = 'payment' | 'invoice';

/** What billing's rules need of a plan. Licensing owns the plans. */
export interface OfferedPlan {
  readonly plan_id: string;
  readonly product_id: string;
  readonly name: string;
  /** It is sold. */
  readonly active: boolean;
  /** Days for which a license works after a payment was due. */
  readonly grace_days: number;
  readonly activate_on: ActivateOn;
  /** Maxima for each unit of quantity; null = unlimited. */
  readonly max_seats: number | null;
  readonly max_activations: number | null;
}

/** A price with its plan: what can be subscribed to. */
export interface Offer {
  readonly price_id: string;
  /** The price is sold. */
  readonly active: boolean;
  readonly price: PriceTerms;
  readonly plan: OfferedPlan;
}

const UNITS: Readonly<Record<PriceInterval, Interval>> = {
  day: { unit: 'day', count: 1 },
  week: { unit: 'week', count: 1 },
  month: { unit: 'month', count: 1 },
  quarter: { unit: 'month', count: 3 },
  year: { unit: 'year', count: 1 },
};

/** The length of a period of a price; null = it is paid once. */
export const intervalOf = ({ interval, interval_count }: PriceTerms): Interval | null =>
  interval === null ? null : { unit: UNITS[interval].unit, count: UNITS[interval].count * interval_count };

/** Whether periods have the same length: years and months are compared in months. */
export const isSameInterval = (a: Interval | null, b: Interval | null): boolean =>
  a !== null && b !== null && lengthOf(a) === lengthOf(b);

const lengthOf = ({ unit, count }: Interval): string => {
  if (unit === 'year') return `${12 * count} months`;
  if (unit === 'week') return `${7 * count} days`;
  return `${count} ${unit}s`;
};

/** What is in use of a license now. */
export interface InUse {
  readonly seats: number;
  readonly activations: number;
}

/** The maxima that are below what is in use, as the API shows them; undefined = everything fits. */
export const tooSmall = (
  { max_seats, max_activations }: OfferedPlan,
  quantity: number,
  { seats, activations }: InUse,
): Readonly<Record<string, { readonly used: number; readonly max: number }>> | undefined => {
  const over = [
    ['seats', seats, max_seats],
    ['activations', activations, max_activations],
  ] as const;
  const exceeded = over.flatMap(([name, used, limit]) => {
    const max = limit === null ? Infinity : limit * quantity;
    return used > max ? [[name, { used, max }] as const] : [];
  });
  return exceeded.length === 0 ? undefined : Object.fromEntries(exceeded);
};
