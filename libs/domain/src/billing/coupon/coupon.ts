import type { Time } from '../../shared/time.ts';
import type { Discount, DiscountDuration } from '../subscription/subscription.discount.ts';

/** What a coupon gives, and to whom. */
export interface CouponTerms {
  readonly name: string;
  /** Percent as a decimal; null = an amount. */
  readonly percent_off: string | null;
  /** Minor units of the currency; null = a percentage. */
  readonly amount_off: number | null;
  /** null for a percentage. */
  readonly currency: string | null;
  readonly duration: DiscountDuration;
  /** Months of a repeating discount; null for others. */
  readonly months: number | null;
  /** Plans that it is for; null = all. */
  readonly plans: readonly string[] | null;
  /** null = no limit. */
  readonly max_redemptions: number | null;
  readonly max_per_customer: number | null;
  /** It cannot be redeemed from then on; null = no end. */
  readonly redeem_by: Time | null;
  /** Only for customers that have bought nothing yet. */
  readonly first_time_only: boolean;
  /** As shown; any case is accepted. */
  readonly codes: readonly string[];
  readonly active: boolean;
}

/** The fields that may change: none of them changes a discount that was given. */
export type CouponChanges = Partial<Pick<CouponTerms, 'name' | 'codes' | 'active' | 'redeem_by' | 'max_redemptions'>>;

export type CouponEvent =
  | ({ readonly type: 'coupon.created' } & CouponTerms)
  | { readonly type: 'coupon.updated'; readonly changes: CouponChanges }
  | {
      readonly type: 'coupon.redeemed';
      readonly product_id: string;
      readonly plan_id: string;
      readonly subscription_id: string;
      readonly customer_id: string;
      readonly redeemed_at: Time;
    }
  | {
      readonly type: 'coupon.released';
      readonly product_id: string;
      readonly subscription_id: string;
      readonly customer_id: string;
    };

export interface Redemption {
  readonly customer_id: string;
  readonly product_id: string;
  readonly redeemed_at: Time;
}

export type Coupon = {
  readonly status: 'created';
  /** By subscription. */
  readonly redemptions: ReadonlyMap<string, Redemption>;
} & CouponTerms;
export type CouponState = { readonly status: 'none' } | Coupon;

const initialState: CouponState = { status: 'none' };

const evolve = (state: CouponState, event: CouponEvent): CouponState => {
  if (event.type === 'coupon.created') {
    const { type: _event, ...terms } = event;
    return { status: 'created', redemptions: new Map(), ...terms };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'coupon.updated':
      return { ...state, ...event.changes };
    case 'coupon.redeemed': {
      const { subscription_id, customer_id, product_id, redeemed_at } = event;
      const redemption = { customer_id, product_id, redeemed_at };
      return { ...state, redemptions: new Map(state.redemptions).set(subscription_id, redemption) };
    }
    case 'coupon.released': {
      const redemptions = new Map(state.redemptions);
      redemptions.delete(event.subscription_id);
      return { ...state, redemptions };
    }
    default:
      return state;
  }
};

/** The form of a code in which codes are compared: `save20` is `SAVE20`. */
export const codeKey = (code: string): string => code.toUpperCase();

/** The discount that a coupon gives a subscription, from `started_at` on: see `discountsAt` for when it applies. */
export const discountOf = (coupon_id: string, coupon: CouponTerms, started_at: Time): Discount => {
  const { name, percent_off, amount_off, plans, duration, months } = coupon;
  return { coupon_id, name, percent_off, amount_off, plans, duration, months, started_at, used: false };
};

/** One stream per coupon, `cpn_…`, with its redemptions: limits are decided there. */
export const couponStream = { name: 'coupon', initialState, evolve };
