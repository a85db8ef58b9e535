import { periodBoundary } from '../../shared/calendar.ts';
import type { Time } from '../../shared/time.ts';
import type { AppliedDiscount } from '../invoice/invoice.lines.ts';

export const DISCOUNT_DURATIONS = ['once', 'repeating', 'forever'] as const;
export type DiscountDuration = (typeof DISCOUNT_DURATIONS)[number];

/** A coupon as a subscription has it, from the moment that it was given. */
export interface Discount extends AppliedDiscount {
  readonly duration: DiscountDuration;
  /** Months of a repeating discount. */
  readonly months: number | null;
  readonly started_at: Time;
  /** It has reduced a charge. */
  readonly used: boolean;
}

/** The discount of a charge at `at`, as a list for `computeTotals`: `once` for one charge, `repeating` for its months. */
export const discountsAt = (discount: Discount | null, at: Time): readonly AppliedDiscount[] => {
  if (discount === null || !applies(discount, at)) return [];
  const { coupon_id, name, percent_off, amount_off, plans } = discount;
  return [{ coupon_id, name, percent_off, amount_off, plans }];
};

const applies = ({ duration, months, started_at, used }: Discount, at: Time): boolean => {
  switch (duration) {
    case 'once':
      return !used;
    case 'repeating':
      return at < periodBoundary(started_at, { unit: 'month', count: 1 }, months ?? 1);
    case 'forever':
      return true;
    default:
      return duration satisfies never;
  }
};
