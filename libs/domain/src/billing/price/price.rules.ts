import { isCurrency } from '../../shared/currency.ts';
import { Decimal } from '../../shared/decimal.ts';
import { refusePrice } from './price.errors.ts';
import type { PriceInterval, PriceTerms, Tier } from './price.terms.ts';

/** The most intervals in a period: about three years, and at most a year of days. */
export const MAX_INTERVAL_COUNT: Readonly<Record<PriceInterval, number>> = {
  day: 365,
  week: 156,
  month: 36,
  quarter: 12,
  year: 3,
};

/** The largest amount of a price, in minor units: several thousand units of it are still exact numbers. */
export const MAX_AMOUNT = 1_000_000_000_000;

export const MAX_TRIAL_DAYS = 3650;

/** An error in a field: its JSON pointer, and what is wrong with it. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** @throws Refusal UNKNOWN_CURRENCY, INVALID_PRICE with all errors */
export const assertValidPrice = (price: PriceTerms): void => {
  if (!isCurrency(price.currency)) {
    refusePrice('UNKNOWN_CURRENCY', {
      errors: [{ pointer: '/currency', detail: 'must be ISO 4217 in lower case, or sats' }],
    });
  }
  const errors = [...amountErrors(price), ...intervalErrors(price), ...usageErrors(price)];
  if (errors.length > 0) refusePrice('INVALID_PRICE', { errors });
};

const amountErrors = ({ amount, setup_amount }: PriceTerms): FieldError[] =>
  Object.entries({ amount, setup_amount })
    .filter(([, value]) => !isAmount(value))
    .map(([field]) => ({ pointer: `/${field}`, detail: `must be a whole number of minor units up to ${MAX_AMOUNT}` }));

const isAmount = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MAX_AMOUNT;

const intervalErrors = ({ interval, interval_count, trial_days, usage }: PriceTerms): FieldError[] => {
  if (interval === null) {
    return [
      ...(interval_count === 1 ? [] : [{ pointer: '/interval_count', detail: 'needs an interval' }]),
      ...(trial_days === 0 ? [] : [{ pointer: '/trial_days', detail: 'needs an interval' }]),
      ...(usage === null ? [] : [{ pointer: '/usage', detail: 'needs an interval' }]),
    ];
  }
  const most = MAX_INTERVAL_COUNT[interval];
  return [
    ...(Number.isInteger(interval_count) && interval_count >= 1 && interval_count <= most
      ? []
      : [{ pointer: '/interval_count', detail: `must be 1 to ${most} for the interval ${interval}` }]),
    ...(Number.isInteger(trial_days) && trial_days >= 0 && trial_days <= MAX_TRIAL_DAYS
      ? []
      : [{ pointer: '/trial_days', detail: `must be 0 to ${MAX_TRIAL_DAYS}` }]),
  ];
};

const usageErrors = ({ usage, amount }: PriceTerms): FieldError[] => {
  if (usage === null) return [];
  const { tiers, package_size } = usage;
  const isPackage = package_size === null || (Number.isInteger(package_size) && package_size >= 1);
  return [
    ...(isPackage ? [] : [{ pointer: '/usage/package_size', detail: 'must be 1 or more' }]),
    ...(tiers === null ? [] : tierErrors(tiers)),
    ...(tiers !== null && amount !== 0
      ? [{ pointer: '/amount', detail: 'must be 0: the tiers have the amounts' }]
      : []),
    ...(tiers !== null && package_size !== null
      ? [{ pointer: '/usage/package_size', detail: 'cannot be combined with tiers' }]
      : []),
  ];
};

/** Tiers ascend, and the last one alone has no end. */
const tierErrors = (tiers: readonly Tier[]): FieldError[] => {
  if (tiers.length === 0) return [{ pointer: '/usage/tiers', detail: 'must have at least one tier' }];
  return tiers.flatMap((tier, at): FieldError[] => {
    const isLast = at === tiers.length - 1;
    const before = at === 0 ? 0 : (tiers[at - 1]?.up_to ?? 0);
    const pointer = `/usage/tiers/${at}`;
    const rises = tier.up_to === null || (Number.isInteger(tier.up_to) && tier.up_to > before);
    return [
      ...(isLast === (tier.up_to === null)
        ? []
        : [
            {
              pointer: `${pointer}/up_to`,
              detail: isLast ? 'must be null in the last tier' : 'may be null only in the last tier',
            },
          ]),
      ...(rises ? [] : [{ pointer: `${pointer}/up_to`, detail: `must be a whole number above ${before}` }]),
      ...(isUnitAmount(tier.unit_amount)
        ? []
        : [{ pointer: `${pointer}/unit_amount`, detail: 'must be a decimal, 0 or more' }]),
      ...(isAmount(tier.flat_amount)
        ? []
        : [{ pointer: `${pointer}/flat_amount`, detail: `must be a whole number of minor units up to ${MAX_AMOUNT}` }]),
    ];
  });
};

const isUnitAmount = (amount: number | string): boolean => {
  // A number with a fraction is not exact.
  if (typeof amount === 'number' && !Number.isSafeInteger(amount)) return false;
  try {
    const value = Decimal.of(amount);
    return value.numerator >= 0n && value.compare(Decimal.of(MAX_AMOUNT)) <= 0;
  } catch {
    return false;
  }
};
