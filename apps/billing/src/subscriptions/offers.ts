import { Inject, Injectable } from '@nestjs/common';
import { refusePrice } from '#domain/billing/price/price.errors';
import type { Offer } from '#domain/billing/subscription/offer';
import type { InUse } from '#domain/billing/subscription/offer';
import { KnownPlans } from '../plans/known-plans.ts';
import { type Price, Prices } from '../prices/prices.ts';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';

/** What can be subscribed to, and what is in use of it. */
@Injectable()
export class Offers {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly prices: Prices,
    private readonly plans: KnownPlans,
  ) {}

  /** A price with its plan, whether it is sold or not. @throws Refusal PRICE_NOT_FOUND */
  async find(price_id: string): Promise<Offer> {
    return this.#of(await this.prices.find(price_id));
  }

  /**
   * The price that a new subscription asks for.
   * @throws Refusal PLAN_NOT_FOUND, PRICE_NOT_FOUND (also for a price of another plan), PRICE_INACTIVE, PRICE_REQUIRED
   */
  async wanted({ price_id, plan_id }: { readonly price_id?: string; readonly plan_id?: string }): Promise<Offer> {
    if (price_id === undefined) return plan_id === undefined ? refusePrice('PRICE_REQUIRED') : this.#only(plan_id);
    const price = await this.prices.sold(price_id);
    return plan_id === undefined || plan_id === price.plan_id
      ? this.#of(price)
      : refusePrice('PRICE_NOT_FOUND', { plan_id });
  }

  async #only(plan_id: string): Promise<Offer> {
    if ((await this.plans.find(plan_id)) === undefined) return refusePrice('PLAN_NOT_FOUND', { plan_id });
    return this.#of(await this.prices.only(plan_id));
  }

  /** Seats and activations of a license. */
  async inUse(license_id: string): Promise<InUse> {
    const { rows } = await this.database.pool.query<{ kind: keyof InUse; count: number }>({
      name: 'in_use_of_license',
      text: 'select kind, count(*)::int as count from in_use where license_id = $1 group by kind',
      values: [license_id],
    });
    return { seats: 0, activations: 0, ...Object.fromEntries(rows.map(({ kind, count }) => [kind, count])) };
  }

  async #of(price: Price): Promise<Offer> {
    const plan = (await this.plans.find(price.plan_id)) ?? refusePrice('PLAN_NOT_FOUND');
    const { id: plan_id, product_id, name, active, grace_days, activate_on, max_seats, max_activations } = plan;
    return {
      price_id: price.price_id,
      active: price.active,
      price,
      plan: { plan_id, product_id, name, active, grace_days, activate_on, max_seats, max_activations },
    };
  }
}
