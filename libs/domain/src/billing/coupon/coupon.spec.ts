import { specification } from '../../../testing/given.ts';
import { discountsAt } from '../subscription/subscription.discount.ts';
import { type CouponCommand, decideCoupon } from './coupon.commands.ts';
import { type CouponEvent, type CouponState, couponStream, type CouponTerms, discountOf } from './coupon.ts';

const given = specification<CouponCommand, CouponEvent, CouponState>({ ...couponStream, decide: decideCoupon });

const NOW = '2026-01-31T09:00:00.000Z';
const terms: CouponTerms = {
  name: 'Launch',
  percent_off: '20',
  amount_off: null,
  currency: null,
  duration: 'once',
  months: null,
  plans: null,
  max_redemptions: null,
  max_per_customer: null,
  redeem_by: null,
  first_time_only: false,
  codes: ['SAVE20'],
  active: true,
};
const create = (fields: Partial<CouponTerms> = {}): CouponCommand => ({
  type: 'CreateCoupon',
  coupon: { ...terms, ...fields },
});
const created = (fields: Partial<CouponTerms> = {}): CouponEvent => ({ type: 'coupon.created', ...terms, ...fields });
const redeem = (subscription_id: string, customer_id = 'cus_1', is_first_time = true): CouponCommand => ({
  type: 'RedeemCoupon',
  subscription_id,
  product_id: 'prod_1',
  plan_id: 'plan_1',
  currency: 'eur',
  customer_id,
  is_first_time,
  at: NOW,
});
const redeemed = (subscription_id: string, customer_id = 'cus_1'): CouponEvent => ({
  type: 'coupon.redeemed',
  product_id: 'prod_1',
  plan_id: 'plan_1',
  subscription_id,
  customer_id,
  redeemed_at: NOW,
});
const release = (subscription_id: string): CouponCommand => ({ type: 'ReleaseCoupon', subscription_id });
const released: CouponEvent = {
  type: 'coupon.released',
  product_id: 'prod_1',
  subscription_id: 'sub_1',
  customer_id: 'cus_1',
};

describe('a coupon', () => {
  it('is created once', () => {
    given().when(create()).then([created()]);
    given(created()).when(create()).thenRefused('COUPON_EXISTS');
  });

  it.each<[Partial<CouponTerms>, string]>([
    [{ percent_off: null }, '/percent_off'],
    [{ amount_off: 500, currency: 'eur' }, '/percent_off'],
    [{ percent_off: '0' }, '/percent_off'],
    [{ percent_off: '100.01' }, '/percent_off'],
    [{ percent_off: '-5' }, '/percent_off'],
    [{ percent_off: null, amount_off: 0, currency: 'eur' }, '/amount_off'],
    [{ percent_off: null, amount_off: 1.5, currency: 'eur' }, '/amount_off'],
    [{ percent_off: null, amount_off: 500 }, '/currency'],
    [{ percent_off: null, amount_off: 500, currency: 'xxx' }, '/currency'],
    [{ currency: 'eur' }, '/currency'],
    [{ duration: 'repeating' }, '/months'],
    [{ months: 3 }, '/months'],
    [{ codes: ['save', 'SAVE'] }, '/codes'],
  ])('is not created from %j', (fields, pointer) => {
    given()
      .when(create(fields))
      .thenRefused('INVALID_COUPON', { errors: [expect.objectContaining({ pointer })] });
  });

  it('changes what is not part of discounts that were given', () => {
    given(created())
      .when({ type: 'UpdateCoupon', changes: { name: 'Launch', active: false, codes: ['a', 'b'] } })
      .then([{ type: 'coupon.updated', changes: { active: false, codes: ['a', 'b'] } }]);
    given(created())
      .when({ type: 'UpdateCoupon', changes: { codes: ['a', 'A'] } })
      .thenRefused('INVALID_COUPON');
    given().when({ type: 'UpdateCoupon', changes: {} }).thenRefused('COUPON_NOT_FOUND');
  });

  it('is redeemed once for each subscription', () => {
    given(created())
      .when(redeem('sub_1'))
      .then([redeemed('sub_1')]);
    given(created({ max_redemptions: 1 }), redeemed('sub_1'))
      .when(redeem('sub_1'))
      .thenNothing();
  });

  it.each<[Partial<CouponTerms>, string, object]>([
    [{ active: false }, 'COUPON_EXPIRED', {}],
    [{ redeem_by: NOW }, 'COUPON_EXPIRED', {}],
    [{ plans: ['plan_2'] }, 'COUPON_NOT_APPLICABLE', { reason: 'plan' }],
    [{ percent_off: null, amount_off: 500, currency: 'usd' }, 'COUPON_NOT_APPLICABLE', { reason: 'currency' }],
    [{ max_redemptions: 1 }, 'COUPON_USED_UP', { max: 1 }],
    [{ max_per_customer: 1 }, 'COUPON_USED_UP', { max_per_customer: 1 }],
  ])('with %j is not redeemed: %s', (fields, code, extensions) => {
    given(created(fields), redeemed('sub_1')).when(redeem('sub_2')).thenRefused(code, extensions);
  });

  it('for first purchases is not redeemed by others', () => {
    const coupon = created({ first_time_only: true });
    given(coupon)
      .when(redeem('sub_1'))
      .then([redeemed('sub_1')]);
    given(coupon)
      .when(redeem('sub_1', 'cus_1', false))
      .thenRefused('COUPON_NOT_APPLICABLE', { reason: 'first_time' });
  });

  it('counts customers apart, and forgets the redemption of a subscription that never started', () => {
    const coupon = created({ max_per_customer: 1 });
    given(coupon, redeemed('sub_1'))
      .when(redeem('sub_2', 'cus_2'))
      .then([redeemed('sub_2', 'cus_2')]);
    given(coupon, redeemed('sub_1')).when(release('sub_1')).then([released]);
    given(coupon, redeemed('sub_1'), released).when(release('sub_1')).thenNothing();
    given(coupon, redeemed('sub_1'), released)
      .when(redeem('sub_2'))
      .then([redeemed('sub_2')]);
  });

  it('becomes a discount that lasts as long as the coupon says', () => {
    const repeating = discountOf('cpn_1', { ...terms, duration: 'repeating', months: 1 }, NOW);
    expect(discountsAt(repeating, '2026-02-28T08:59:59.999Z')).toHaveLength(1);
    expect(discountsAt(repeating, '2026-02-28T09:00:00.000Z')).toEqual([]);
    expect(discountsAt(discountOf('cpn_1', terms, NOW), NOW)).toEqual([
      { coupon_id: 'cpn_1', name: 'Launch', percent_off: '20', amount_off: null, plans: null },
    ]);
  });
});
