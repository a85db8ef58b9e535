import { Decimal } from '../../shared/decimal.ts';
import { Money } from '../../shared/money.ts';
import type { Period, WantedLine } from '../invoice/invoice.lines.ts';
import type { Tier, UsagePricing } from '../price/price.terms.ts';
import { lineOf, type SoldPrice } from './lines.ts';

const ZERO = Decimal.of(0);

/** A range of counted units and what each costs: above `from`, up to and including `to`; null = no end. */
interface Range {
  readonly from: Decimal;
  readonly to: Decimal | null;
  readonly unit_amount: string;
  readonly flat_amount: number;
}

/** Usage that an earlier invoice of the same period has charged. */
export interface Late {
  readonly billed: number | string;
}

/**
 * Lines for the usage of a period, rounded once each.
 *
 * - Without tiers, each unit costs the price's amount.
 * - `graduated`: a line for each tier that is reached, with the units in it; `volume`: one line, all units at the price of the tier
 *   that holds the last of them. A tier's flat amount is a line of its own.
 * - Packages are what is counted: a begun one counts whole, and `up_to` of tiers is a number of packages.
 * - The first tier is always reached. So its flat amount is charged without any usage; otherwise no usage gives no line.
 * - Late usage: `used` is all usage of the period as it is known now. What the earlier invoice charged is left out, flat amounts
 *   too; usage that has not grown gives no line. If the price by volume fell, the line is a credit.
 * @param used 0 or more, as a number or as a decimal
 */
export const usageLines = (
  price: SoldPrice,
  used: number | string,
  period: Period,
  name: string,
  late: Late | null = null,
): WantedLine[] => {
  const { usage, currency } = price;
  if (usage === null) return [];
  const now = counted(used, usage);
  const before = late === null ? null : counted(late.billed, usage);
  if (before !== null && now.compare(before) <= 0) return [];
  const ranges = rangesOf(usage.tiers ?? [{ up_to: null, unit_amount: String(price.amount), flat_amount: 0 }]);
  const charges =
    usage.tiers !== null && usage.tiers_mode === 'volume'
      ? volumeCharges(ranges, now, before, currency)
      : ranges.flatMap((range) => graduatedCharges(range, now, before, currency));
  const packages = usage.package_size === null ? '' : ` (packages of ${usage.package_size})`;
  return charges.map(({ flat, ...charge }) =>
    lineOf(price, {
      kind: 'usage',
      description: `${name}${packages}${flat ? ', flat amount' : ''}${late === null ? '' : ', late'}`,
      period,
      ...charge,
    }),
  );
};

interface Charge extends Pick<WantedLine, 'quantity' | 'unit_amount' | 'amount'> {
  readonly flat: boolean;
}

const counted = (quantity: number | string, { package_size }: UsagePricing): Decimal => {
  const exact = Decimal.of(quantity);
  return package_size === null ? exact : exact.packages(package_size);
};

const rangesOf = (tiers: readonly Tier[]): Range[] =>
  tiers.map(({ up_to, unit_amount, ...tier }, at) => ({
    ...tier,
    unit_amount: String(unit_amount),
    from: Decimal.of(tiers[at - 1]?.up_to ?? 0),
    // The last tier has no end, whatever it says: usage is never free by accident.
    to: up_to === null || at === tiers.length - 1 ? null : Decimal.of(up_to),
  }));

const graduatedCharges = (range: Range, now: Decimal, before: Decimal | null, currency: string): Charge[] => {
  const units = unitsIn(range, now).minus(unitsIn(range, before ?? ZERO));
  return [
    ...(units.isZero() ? [] : [unitCharge(range.unit_amount, units, currency)]),
    ...(isReached(range, now) && (before === null || !isReached(range, before)) ? flatCharge(range.flat_amount) : []),
  ];
};

const volumeCharges = (ranges: readonly Range[], now: Decimal, before: Decimal | null, currency: string): Charge[] => {
  const range = lastReached(ranges, now);
  const units = now.isZero() ? [] : [unitCharge(range.unit_amount, now, currency)];
  const all = [...units, ...flatCharge(range.flat_amount)];
  if (before === null) return all;
  const charged = volumeCharges(ranges, before, null, currency);
  const amount = sum(all, currency).minus(sum(charged, currency)).amount;
  return amount === 0 ? [] : [{ flat: false, quantity: now.minus(before).toNumber(), unit_amount: null, amount }];
};

const sum = (charges: readonly Charge[], currency: string): Money =>
  Money.sum(
    charges.map(({ amount }) => Money.of(amount, currency)),
    currency,
  );

const unitCharge = (unit_amount: string, units: Decimal, currency: string): Charge => ({
  flat: false,
  quantity: units.toNumber(),
  unit_amount,
  amount: Money.of(1, currency).timesDecimal(units.times(Decimal.of(unit_amount))).amount,
});

const flatCharge = (amount: number): Charge[] =>
  amount === 0 ? [] : [{ flat: true, quantity: 1, unit_amount: String(amount), amount }];

const unitsIn = ({ from, to }: Range, quantity: Decimal): Decimal => {
  const upTo = to === null ? quantity : quantity.atMost(to);
  return upTo.compare(from) <= 0 ? ZERO : upTo.minus(from);
};

const isReached = ({ from }: Range, quantity: Decimal): boolean => from.isZero() || quantity.compare(from) > 0;

/** The tier that holds the last unit. */
const lastReached = (ranges: readonly Range[], quantity: Decimal): Range => {
  const range = ranges.findLast((one) => isReached(one, quantity));
  if (range === undefined) throw new RangeError('A price has at least one tier.');
  return range;
};
