import { invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { PromotionCode } from '../objects.ts';
import { mergedMetadata } from '../params.ts';
import type { Routes } from '../route.ts';
import type { World } from '../world.ts';
import { couponOf } from './coupon.ts';

const codeOf = (world: World, id: string): PromotionCode => {
  const code = world.promotionCodes.get(id);
  if (code === undefined) throw missing('promotion code', id);
  return code;
};

/** The promotion code that a customer typed, or undefined if it cannot be redeemed. */
export const redeemable = (world: World, text: string, customer: string | null): PromotionCode | undefined =>
  world.promotionCodes.of(text.toLowerCase()).find((code) => {
    const coupon = world.coupons.get(code.promotion.coupon);
    const late = [code.expires_at, coupon?.redeem_by].some((end) => typeof end === 'number' && end <= world.now());
    const used = code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions;
    const others = code.customer !== null && code.customer !== customer;
    const first =
      code.restrictions.first_time_transaction && customer !== null && world.charges.of(customer).length > 0;
    return code.active && coupon?.valid === true && !late && !used && !others && !first;
  });

export const promotionCodes: Routes = {
  'POST /v1/promotion_codes': ({ world, params }) => {
    const promotion = params.hash('promotion');
    if (promotion === undefined) throw invalid('Missing required param: promotion.', { param: 'promotion' });
    promotion.needChoice('type', ['coupon']);
    const coupon = couponOf(world, promotion.needText('coupon'), 'promotion[coupon]');
    const code = params.text('code') ?? world.id('CODE').toUpperCase();
    if (world.promotionCodes.of(code.toLowerCase()).some(({ active }) => active))
      throw invalid('An active promotion code with that code already exists.', { param: 'code' });
    const restrictions = params.hash('restrictions');
    const promotionCode: PromotionCode = {
      ...{ customer_account: null },
      ...world.made('promotion_code', 'promo'),
      active: params.flag('active') ?? true,
      code,
      customer: params.text('customer') ?? null,
      expires_at: params.integer('expires_at') ?? null,
      max_redemptions: params.integer('max_redemptions') ?? null,
      metadata: mergedMetadata({}, params),
      promotion: { coupon: coupon.id, type: 'coupon' },
      restrictions: {
        first_time_transaction: restrictions?.flag('first_time_transaction') ?? false,
        minimum_amount: restrictions?.integer('minimum_amount') ?? null,
        minimum_amount_currency: restrictions?.text('minimum_amount_currency') ?? null,
      },
      times_redeemed: 0,
    };
    world.promotionCodes.add(promotionCode);
    world.emit('promotion_code.created', promotionCode);
    return promotionCode;
  },
  'GET /v1/promotion_codes': ({ world, params }) => {
    const code = params.text('code')?.toLowerCase();
    const coupon = params.text('coupon');
    const active = params.flag('active');
    return page('/v1/promotion_codes', world.promotionCodes, params, (one) => {
      if (code !== undefined && one.code.toLowerCase() !== code) return false;
      if (coupon !== undefined && one.promotion.coupon !== coupon) return false;
      return active === undefined || one.active === active;
    });
  },
  'GET /v1/promotion_codes/:id': ({ world, path }) => codeOf(world, path('id')),
  'POST /v1/promotion_codes/:id': ({ world, params, path }) => {
    const code = codeOf(world, path('id'));
    world.change(code, 'promotion_code.updated', () => {
      code.active = params.flag('active') ?? code.active;
      code.metadata = mergedMetadata(code.metadata, params);
    });
    return code;
  },
};
