import { invalid, missing } from '../errors.ts';
import type { Discount, InvoiceLine } from '../objects.ts';
import type { Params } from '../params.ts';
import { percentage, spread } from '../units.ts';
import type { World } from '../world.ts';
import { couponOf, redeem } from './coupon.ts';
import { addInterval } from './periods.ts';

/** A new discount of a coupon; it is counted as redeemed. */
export const createDiscount = (
  world: World,
  coupon: string,
  of: { subscription?: string | null; customer?: string | null; promotion_code?: string | null },
): Discount => {
  const found = couponOf(world, coupon, 'discounts');
  if (!found.valid) throw invalid(`Coupon ${coupon} is used up and cannot be applied.`, { param: 'discounts' });
  const start = world.now();
  const months = found.duration_in_months;
  const discount: Discount = {
    ...{ checkout_session: null, customer_account: null, invoice: null, invoice_item: null, subscription_item: null },
    id: world.id('di'),
    object: 'discount',
    source: { coupon, type: 'coupon' },
    start,
    end: months === null ? null : addInterval(start, 'month', months),
    subscription: of.subscription ?? null,
    customer: of.customer ?? null,
    promotion_code: of.promotion_code ?? null,
  };
  redeem(world, found);
  const code = of.promotion_code == null ? undefined : world.promotionCodes.get(of.promotion_code);
  if (code !== undefined)
    world.change(code, 'promotion_code.updated', () => {
      code.times_redeemed += 1;
    });
  world.discounts.add(discount);
  return discount;
};

/** Ids of the discounts that `discounts` of a request asks for; `kept` are those that exist already. */
export const readDiscounts = (
  world: World,
  params: Params,
  of: { subscription?: string; customer: string },
  kept: readonly string[] = [],
): string[] | undefined =>
  params.list('discounts')?.map((entry) => {
    const existing = entry.text('discount');
    if (existing !== undefined) {
      if (!kept.includes(existing)) throw missing('discount', existing, entry.at('discount'));
      return existing;
    }
    const promotion = entry.text('promotion_code');
    if (promotion === undefined) return createDiscount(world, entry.needText('coupon'), of).id;
    const code = world.promotionCodes.get(promotion);
    if (code === undefined) throw missing('promotion code', promotion, entry.at('promotion_code'));
    return createDiscount(world, code.promotion.coupon, { ...of, promotion_code: code.id }).id;
  });

/** Discounts that still apply at a time; of `once` only until an invoice has used it. */
export const liveDiscounts = (world: World, ids: readonly string[], used: (id: string) => boolean): string[] =>
  ids.filter((id) => {
    const discount = world.discounts.get(id);
    const coupon = discount && world.coupons.get(discount.source.coupon);
    if (discount === undefined || coupon === undefined) return false;
    if (discount.end !== null && discount.end <= world.now()) return false;
    return coupon.duration !== 'once' || !used(id);
  });

/** Writes into each line what the discounts take from it, in their order. */
export const applyDiscounts = (world: World, lines: readonly InvoiceLine[], ids: readonly string[]): void => {
  for (const id of ids) {
    const coupon = world.coupons.get(world.discounts.get(id)?.source.coupon ?? '');
    if (coupon === undefined) continue;
    const only = world.couponProducts.get(coupon.id);
    const reached = lines.filter(
      (line) => line.discountable && (only === undefined || only.includes(line.pricing?.price_details.product ?? '')),
    );
    const left = reached.map(
      (line) => line.subtotal - line.discount_amounts.reduce((sum, { amount }) => sum + amount, 0),
    );
    const sum = left.reduce((all, one) => all + one, 0);
    const off =
      coupon.percent_off === null
        ? Math.max(0, Math.min(coupon.amount_off ?? 0, sum))
        : percentage(sum, coupon.percent_off);
    spread(off, left).forEach((amount, index) => {
      reached[index]?.discount_amounts.push({ amount, discount: id });
    });
  }
};
