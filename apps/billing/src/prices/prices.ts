import { Inject, Injectable } from '@nestjs/common';
import { type Price as PriceState, priceStream } from '#domain/billing/price/price';
import { refusePrice } from '#domain/billing/price/price.errors';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';

/** A price with its terms and its id. */
export type Price = PriceState & { readonly price_id: string };

/** The prices of plans, for the other parts of billing. */
@Injectable()
export class Prices {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  /** A price, active or not; usually from memory. @throws Refusal PRICE_NOT_FOUND */
  async find(price_id: string): Promise<Price> {
    const { state } = await this.store.load(priceStream, price_id);
    return state.status === 'none' ? refusePrice('PRICE_NOT_FOUND') : { price_id, ...state };
  }

  /** A price that is sold. @throws Refusal PRICE_NOT_FOUND, PRICE_INACTIVE */
  async sold(price_id: string): Promise<Price> {
    const price = await this.find(price_id);
    return price.active ? price : refusePrice('PRICE_INACTIVE');
  }

  /** The only active price of a plan. @throws Refusal PRICE_REQUIRED if it has none or several */
  async only(plan_id: string): Promise<Price> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'only_price',
      text: 'select id from prices where plan_id = $1 and active limit 2',
      values: [plan_id],
    });
    const [first, second] = rows;
    if (first === undefined || second !== undefined) return refusePrice('PRICE_REQUIRED', { plan_id });
    return this.find(first.id);
  }
}
