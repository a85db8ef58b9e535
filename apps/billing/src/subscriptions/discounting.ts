import { Inject, Injectable } from '@nestjs/common';
import type { CouponUse } from '#domain/billing/coupon/coupon.commands';
import type { Discount } from '#domain/billing/subscription/subscription.discount';
import type { EventMetadata } from '#events/event';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Coupons, type Redeemed } from '../coupons/coupons.ts';
import { Offers } from './offers.ts';
import { SubscriptionList } from './subscription.list.ts';

/** What a discount is wanted for. */
interface Discounted {
  readonly subscription_id: string;
  readonly customer_id: string;
  readonly product_id: string;
  readonly price_id: string;
}

/** Redeems codes of coupons for subscriptions. */
@Injectable()
export class Discounting {
  constructor(
    private readonly coupons: Coupons,
    private readonly offers: Offers,
    private readonly list: SubscriptionList,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The discount that a code would give; nothing is redeemed.
   * @throws Refusal COUPON_NOT_FOUND, COUPON_EXPIRED, COUPON_USED_UP, COUPON_NOT_APPLICABLE
   */
  async check(code: string, sale: Discounted): Promise<Discount> {
    return this.coupons.check(await this.coupons.byCode(code), await this.#use(sale));
  }

  /** @throws Refusal COUPON_NOT_FOUND, COUPON_EXPIRED, COUPON_USED_UP, COUPON_NOT_APPLICABLE */
  async redeem(code: string, sale: Discounted, metadata: EventMetadata): Promise<Redeemed> {
    const { coupon_id } = await this.coupons.byCode(code);
    const { subscription_id, product_id } = sale;
    return this.coupons.redeem(coupon_id, { ...(await this.#use(sale)), subscription_id, product_id }, metadata);
  }

  /** Takes back the redemption of a subscription that never began, or that did not get the discount. */
  release(coupon_id: string, subscription_id: string, metadata: EventMetadata): Promise<void> {
    return this.coupons.release(coupon_id, subscription_id, metadata);
  }

  async #use({ subscription_id, customer_id, price_id }: Discounted): Promise<CouponUse> {
    const { price } = await this.offers.find(price_id);
    const { plan_id, currency } = price;
    const is_first_time = await this.list.isFirst(customer_id, subscription_id);
    return { plan_id, currency, customer_id, is_first_time, at: this.clock.now().toISOString() };
  }
}
