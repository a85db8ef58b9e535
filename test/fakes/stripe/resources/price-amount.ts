import type { Price, Tier } from '../objects.ts';
import type { World } from '../world.ts';

const SCALE = 12;

/** A decimal of minor units, such as `0.05`, as a multiple of 10^-12. */
const scaled = (decimal: string | null): bigint => {
  const [whole = '0', fraction = ''] = (decimal ?? '0').split('.');
  const negative = whole.startsWith('-');
  const digits = BigInt(whole.replace('-', '') + fraction.padEnd(SCALE, '0').slice(0, SCALE));
  return negative ? -digits : digits;
};

const rounded = (value: bigint): number => {
  const unit = 10n ** BigInt(SCALE);
  const positive = value < 0n ? -value : value;
  const whole = (positive * 2n + unit) / (unit * 2n);
  return Number(value < 0n ? -whole : whole);
};

/** Quantities of usage may have a fraction. */
const times = (decimal: string | null, quantity: number): bigint =>
  (scaled(decimal) * scaled(String(quantity))) / 10n ** BigInt(SCALE);

const ofTier = (tier: Tier, quantity: number): bigint =>
  times(tier.unit_amount_decimal, quantity) + scaled(tier.flat_amount_decimal);

/** What a price asks for a quantity, rounded once to the minor unit. */
export const amountOf = (world: World, price: Price, quantity: number): number => {
  if (price.billing_scheme === 'per_unit') {
    const { transform_quantity: transform } = price;
    const exact = transform === null ? quantity : quantity / transform.divide_by;
    const units = transform === null ? exact : transform.round === 'up' ? Math.ceil(exact) : Math.floor(exact);
    return rounded(times(price.unit_amount_decimal, units));
  }
  const tiers = world.tiers.get(price.id) ?? [];
  if (price.tiers_mode === 'volume') {
    const tier = tiers.find(({ up_to }) => up_to === null || quantity <= up_to);
    return tier === undefined ? 0 : rounded(ofTier(tier, quantity));
  }
  let from = 0;
  let sum = 0n;
  for (const tier of tiers) {
    const to = Math.min(quantity, tier.up_to ?? Infinity);
    if (to > from || (from === 0 && quantity === 0)) sum += ofTier(tier, to - from);
    from = to;
    if (tier.up_to === null || quantity <= tier.up_to) break;
  }
  return rounded(sum);
};
