import { invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Coupon } from '../objects.ts';
import { mergedMetadata } from '../params.ts';
import type { Routes } from '../route.ts';
import type { World } from '../world.ts';

export const couponOf = (world: World, id: string, param?: string): Coupon => {
  const coupon = world.coupons.get(id);
  if (coupon === undefined) throw missing('coupon', id, param);
  return coupon;
};

/** Counts a redemption; the last one that is allowed makes the coupon invalid. */
export const redeem = (world: World, coupon: Coupon): void =>
  world.change(coupon, 'coupon.updated', () => {
    coupon.times_redeemed += 1;
    if (coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions) coupon.valid = false;
  });

export const coupons: Routes = {
  'POST /v1/coupons': ({ world, params }) => {
    const made = world.made('coupon', 'cpn');
    const id = params.text('id') ?? made.id;
    if (world.coupons.get(id) !== undefined)
      throw invalid('Coupon already exists.', { code: 'resource_already_exists', param: 'id' });
    const percent_off = params.decimal('percent_off') ?? null;
    const amount_off = params.integer('amount_off') ?? null;
    if ((percent_off === null) === (amount_off === null))
      throw invalid('Must pass exactly one of percent_off and amount_off.', { param: 'percent_off' });
    const duration = params.choice('duration', ['forever', 'once', 'repeating']) ?? 'once';
    const duration_in_months = params.integer('duration_in_months') ?? null;
    if ((duration === 'repeating') !== (duration_in_months !== null))
      throw invalid('duration_in_months is needed when, and only when, duration is repeating.', {
        param: 'duration_in_months',
      });
    const coupon: Coupon = {
      ...made,
      id,
      amount_off,
      currency: amount_off === null ? null : params.needText('currency').toLowerCase(),
      duration,
      duration_in_months,
      max_redemptions: params.integer('max_redemptions') ?? null,
      metadata: mergedMetadata({}, params),
      name: params.text('name') ?? null,
      percent_off,
      redeem_by: params.integer('redeem_by') ?? null,
      times_redeemed: 0,
      valid: true,
    };
    const only = params.hash('applies_to')?.texts('products');
    if (only !== undefined) world.couponProducts.set(coupon.id, only);
    world.coupons.add(coupon);
    world.emit('coupon.created', coupon);
    return coupon;
  },
  'GET /v1/coupons': ({ world, params }) => page('/v1/coupons', world.coupons, params),
  'GET /v1/coupons/:id': ({ world, path }) => couponOf(world, path('id')),
  'POST /v1/coupons/:id': ({ world, params, path }) => {
    const coupon = couponOf(world, path('id'));
    world.change(coupon, 'coupon.updated', () => {
      if (params.has('name')) coupon.name = params.text('name') ?? null;
      coupon.metadata = mergedMetadata(coupon.metadata, params);
    });
    return coupon;
  },
  'DELETE /v1/coupons/:id': ({ world, path }) => {
    const coupon = couponOf(world, path('id'));
    world.coupons.remove(coupon.id);
    world.emit('coupon.deleted', coupon);
    return { id: coupon.id, object: 'coupon', deleted: true };
  },
};
