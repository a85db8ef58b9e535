import { Inject, Injectable } from '@nestjs/common';
import { assertCouponFits, type CouponUse, decideCoupon } from '#domain/billing/coupon/coupon.commands';
import { refuseCoupon } from '#domain/billing/coupon/coupon.errors';
import { codeKey, type Coupon as CouponState, couponStream, discountOf } from '#domain/billing/coupon/coupon';
import type { Discount } from '#domain/billing/subscription/subscription.discount';
import type { EventMetadata } from '#events/event';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';

/** A coupon with its id. */
export type Coupon = CouponState & { readonly coupon_id: string };

/** The discount of a coupon that was redeemed. */
export interface Redeemed {
  readonly discount: Discount;
  /** false: the subscription had redeemed it before. */
  readonly is_new: boolean;
}

/** Coupons and their codes, for the other parts of billing. */
@Injectable()
export class Coupons {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  /** @throws Refusal COUPON_NOT_FOUND */
  async find(coupon_id: string): Promise<Coupon> {
    const { state } = await this.store.load(couponStream, coupon_id);
    return state.status === 'none' ? refuseCoupon('COUPON_NOT_FOUND') : { coupon_id, ...state };
  }

  /** The coupon of a code, in any case. @throws Refusal COUPON_NOT_FOUND */
  async byCode(code: string): Promise<Coupon> {
    const { rows } = await this.database.pool.query<{ coupon_id: string }>({
      name: 'coupon_by_code',
      text: 'select coupon_id from coupon_codes where code = $1',
      values: [codeKey(code)],
    });
    return rows[0] === undefined ? refuseCoupon('COUPON_NOT_FOUND') : this.find(rows[0].coupon_id);
  }

  /**
   * Whether a coupon can be redeemed for a sale, as it is now: a preview, which holds no place.
   * @returns the discount that it would give from `use.at` on
   * @throws Refusal COUPON_EXPIRED, COUPON_USED_UP, COUPON_NOT_APPLICABLE
   */
  check(coupon: Coupon, use: CouponUse): Discount {
    assertCouponFits(coupon, use);
    return discountOf(coupon.coupon_id, coupon, use.at);
  }

  /**
   * Redeems a coupon for a subscription. Its limits are decided in its stream, so that parallel calls never exceed them; a
   * subscription redeems it once.
   * @returns the discount, from the time of the redemption on
   * @throws Refusal COUPON_NOT_FOUND, COUPON_EXPIRED, COUPON_USED_UP, COUPON_NOT_APPLICABLE
   */
  async redeem(
    coupon_id: string,
    sale: CouponUse & { readonly subscription_id: string; readonly product_id: string },
    metadata: EventMetadata,
  ): Promise<Redeemed> {
    const { state, events } = await this.store.handle(
      couponStream,
      coupon_id,
      (coupon) => decideCoupon({ type: 'RedeemCoupon', ...sale }, coupon),
      { metadata },
    );
    if (state.status === 'none') return refuseCoupon('COUPON_NOT_FOUND');
    const started_at = state.redemptions.get(sale.subscription_id)?.redeemed_at ?? sale.at;
    return { discount: discountOf(coupon_id, state, started_at), is_new: events.length > 0 };
  }

  /** Takes back the redemption of a subscription that never started. It may be called again. */
  async release(coupon_id: string, subscription_id: string, metadata: EventMetadata): Promise<void> {
    await this.store.handle(
      couponStream,
      coupon_id,
      (coupon) => decideCoupon({ type: 'ReleaseCoupon', subscription_id }, coupon),
      { metadata },
    );
  }
}
