import { refuser, type Refusals } from '../../shared/refusal.ts';

export type CouponRefusal =
  | 'COUPON_EXISTS'
  | 'COUPON_NOT_FOUND'
  | 'COUPON_EXPIRED'
  | 'COUPON_USED_UP'
  | 'COUPON_NOT_APPLICABLE'
  | 'INVALID_COUPON'
  | 'CODE_TAKEN';

export const couponRefusals: Refusals<CouponRefusal> = {
  COUPON_EXISTS: { status: 409, message: 'A coupon with this id exists.' },
  COUPON_NOT_FOUND: { status: 404, message: 'There is no such coupon.' },
  COUPON_EXPIRED: { status: 409, message: 'The coupon cannot be redeemed any more.' },
  COUPON_USED_UP: { status: 409, message: 'The coupon was redeemed as often as it may be.' },
  COUPON_NOT_APPLICABLE: { status: 400, message: 'The coupon is not meant for this sale: `reason` says why.' },
  INVALID_COUPON: { status: 400, message: 'The coupon contradicts itself.' },
  CODE_TAKEN: { status: 409, message: 'Another coupon has one of these codes.' },
};

export const refuseCoupon: (code: CouponRefusal, extensions?: Readonly<Record<string, unknown>>) => never =
  refuser(couponRefusals);
