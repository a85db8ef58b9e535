import { Inject, Injectable } from '@nestjs/common';
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

  /** @throws Refusal COUPON_NOT_FOUND, COUPON_EXPIRED, COUPON_USED_UP, COUPON_NOT_APPLICABLE */
  async redeem(code: string, { price_id, ...sale }: Discounted, metadata: EventMetadata): Promise<Redeemed> {
    const { coupon_id } = await this.coupons.byCode(code);
    const { price } = await this.offers.find(price_id);
    const { plan_id, currency } = price;
    const is_first_time = await this.list.isFirst(sale.customer_id, sale.subscription_id);
    const at = this.clock.now().toISOString();
    return this.coupons.redeem(coupon_id, { ...sale, plan_id, currency, is_first_time, at }, metadata);
  }

  /** Takes back the redemption of a subscription that never began, or that did not get the discount. */
  release(coupon_id: string, subscription_id: string, metadata: EventMetadata): Promise<void> {
    return this.coupons.release(coupon_id, subscription_id, metadata);
  }
}
