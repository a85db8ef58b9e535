import { changed } from '../../shared/changed.ts';
import { isCurrency } from '../../shared/currency.ts';
import { Decimal } from '../../shared/decimal.ts';
import type { Time } from '../../shared/time.ts';
import { refuseCoupon } from './coupon.errors.ts';
import {
  codeKey,
  type Coupon,
  type CouponChanges,
  type CouponEvent,
  type CouponState,
  type CouponTerms,
} from './coupon.ts';

/** The sale for which a coupon is wanted. */
export interface CouponUse {
  readonly plan_id: string;
  readonly currency: string;
  readonly customer_id: string;
  /** The customer has bought nothing yet. */
  readonly is_first_time: boolean;
  readonly at: Time;
}

export type CouponCommand =
  | { readonly type: 'CreateCoupon'; readonly coupon: CouponTerms }
  | { readonly type: 'UpdateCoupon'; readonly changes: CouponChanges }
  | ({ readonly type: 'RedeemCoupon'; readonly subscription_id: string; readonly product_id: string } & CouponUse)
  | { readonly type: 'ReleaseCoupon'; readonly subscription_id: string };

type Redeem = Extract<CouponCommand, { type: 'RedeemCoupon' }>;

/**
 * Whether a coupon can be redeemed for a sale.
 * @throws Refusal COUPON_EXPIRED, COUPON_USED_UP, COUPON_NOT_APPLICABLE (`reason`: plan, currency, first_time)
 */
export const assertCouponFits = (coupon: Coupon, use: CouponUse): void => {
  if (!coupon.active || (coupon.redeem_by !== null && coupon.redeem_by <= use.at)) refuseCoupon('COUPON_EXPIRED');
  if (coupon.plans !== null && !coupon.plans.includes(use.plan_id)) notApplicable('plan');
  if (coupon.currency !== null && coupon.currency !== use.currency) notApplicable('currency');
  if (coupon.first_time_only && !use.is_first_time) notApplicable('first_time');
  const { max_redemptions, max_per_customer, redemptions } = coupon;
  if (max_redemptions !== null && redemptions.size >= max_redemptions) {
    refuseCoupon('COUPON_USED_UP', { max: max_redemptions });
  }
  const own = [...redemptions.values()].filter(({ customer_id }) => customer_id === use.customer_id).length;
  if (max_per_customer !== null && own >= max_per_customer) {
    refuseCoupon('COUPON_USED_UP', { max_per_customer });
  }
};

const notApplicable = (reason: 'plan' | 'currency' | 'first_time'): never =>
  refuseCoupon('COUPON_NOT_APPLICABLE', { reason });

/** A subscription redeems a coupon once, however often it asks. */
const redeem = (
  { type: _type, subscription_id, product_id, ...use }: Redeem,
  coupon: Coupon,
): readonly CouponEvent[] => {
  if (coupon.redemptions.has(subscription_id)) return [];
  assertCouponFits(coupon, use);
  const { plan_id, customer_id, at } = use;
  return [{ type: 'coupon.redeemed', product_id, plan_id, subscription_id, customer_id, redeemed_at: at }];
};

const release = (subscription_id: string, coupon: Coupon): readonly CouponEvent[] => {
  const redemption = coupon.redemptions.get(subscription_id);
  if (redemption === undefined) return [];
  const { product_id, customer_id } = redemption;
  return [{ type: 'coupon.released', product_id, subscription_id, customer_id }];
};

/** @throws Refusal COUPON_EXISTS, COUPON_NOT_FOUND, INVALID_COUPON, COUPON_EXPIRED, COUPON_USED_UP, COUPON_NOT_APPLICABLE */
export const decideCoupon = (command: CouponCommand, state: CouponState): readonly CouponEvent[] => {
  if (command.type === 'CreateCoupon') {
    if (state.status !== 'none') return refuseCoupon('COUPON_EXISTS');
    assertValid(command.coupon);
    return [{ type: 'coupon.created', ...command.coupon }];
  }
  if (state.status === 'none') return refuseCoupon('COUPON_NOT_FOUND');
  switch (command.type) {
    case 'UpdateCoupon': {
      const changes = changed<CouponTerms>(state, command.changes) as CouponChanges;
      assertValid({ ...state, ...changes });
      return Object.keys(changes).length === 0 ? [] : [{ type: 'coupon.updated', changes }];
    }
    case 'RedeemCoupon':
      return redeem(command, state);
    case 'ReleaseCoupon':
      return release(command.subscription_id, state);
    default:
      return command satisfies never;
  }
};

/** @throws Refusal INVALID_COUPON with all errors */
const assertValid = (coupon: CouponTerms): void => {
  const { percent_off, amount_off, currency, duration, months, codes } = coupon;
  const error = (pointer: string, detail: string) => ({ pointer, detail });
  const errors = [
    ...((percent_off === null) === (amount_off === null)
      ? [error('/percent_off', 'or amount_off must be given, not both')]
      : []),
    ...(percent_off === null || isPercent(percent_off)
      ? []
      : [error('/percent_off', 'must be a decimal above 0, at most 100')]),
    ...(amount_off === null || (Number.isSafeInteger(amount_off) && amount_off > 0)
      ? []
      : [error('/amount_off', 'must be a whole number of minor units above 0')]),
    ...((amount_off === null) === (currency === null)
      ? []
      : [error('/currency', 'must be given with amount_off, and only then')]),
    ...(currency === null || isCurrency(currency)
      ? []
      : [error('/currency', 'must be ISO 4217 in lower case, or sats')]),
    ...((duration === 'repeating') === (months !== null)
      ? []
      : [error('/months', 'must be given for a repeating discount, and only then')]),
    ...(new Set(codes.map(codeKey)).size === codes.length ? [] : [error('/codes', 'has a code twice')]),
  ];
  if (errors.length > 0) refuseCoupon('INVALID_COUPON', { errors });
};

const isPercent = (text: string): boolean => {
  try {
    const value = Decimal.of(text);
    return value.numerator > 0n && value.compare(Decimal.of(100)) <= 0;
  } catch {
    return false;
  }
};
