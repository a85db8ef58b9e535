import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { In } from 'typeorm';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { pages } from '#platform/export/streams';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE } from '#platform/service';
import { Customers } from '../customers/customers.ts';
import type { listSubscriptions, Subscription } from './subscription.endpoints.ts';
import { soleKey } from './subscription.projection.ts';
import { type SubscriptionRow, subscriptionsTable } from './subscription.table.ts';
import { viewSubscription } from './subscription.view.ts';

type Filters = Static<(typeof listSubscriptions)['query']>;

/** Searches subscriptions. */
@Injectable()
export class SubscriptionList {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly customers: Customers,
  ) {}

  /** @param boundTo the one product that the caller may see; null = all */
  async page(filters: Filters, boundTo: string | null): Promise<{ data: Subscription[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor } = filters;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    return pageOf(await this.#rows(filters, boundTo, before, limit + 1), limit, ({ id }) => [id], viewRow);
  }

  /** All matching subscriptions, one by one. */
  async *all(filters: Filters, boundTo: string | null): AsyncIterable<Subscription> {
    const rows = pages<SubscriptionRow>((last, limit) => this.#rows(filters, boundTo, last?.id, limit));
    for await (const row of rows) yield viewRow(row);
  }

  async #rows(
    { limit: _limit, cursor: _cursor, format: _format, customer_id, ...equal }: Filters,
    boundTo: string | null,
    before: string | undefined,
    limit: number,
  ): Promise<SubscriptionRow[]> {
    const query = newestFirst(this.database.orm, subscriptionsTable, before, limit);
    if (boundTo !== null) query.andWhere({ product_id: boundTo });
    if (customer_id !== undefined) query.andWhere({ customer_id: In(await this.customers.withMerged(customer_id)) });
    for (const [column, value] of Object.entries(equal)) query.andWhere({ [column]: value });
    return query.getMany();
  }

  async byId(id: string): Promise<SubscriptionRow | undefined> {
    const { rows } = await this.database.pool.query<SubscriptionRow>({
      name: 'subscription_by_id',
      text: 'select * from subscriptions where id = $1',
      values: [id],
    });
    return rows[0];
  }

  /** The subscription that keeps its subscriber from getting another one of the product, or a live one if several may live. */
  async blocking(product_id: string, subscriber: string): Promise<SubscriptionRow | undefined> {
    const { rows } = await this.database.pool.query<SubscriptionRow>({
      name: 'blocking_subscription',
      text: `select * from subscriptions where sole_key = $1
        union all
        select * from subscriptions where subscriber = $2 and product_id = $3 and sole_key is null
          and status in ('trialing', 'active', 'past_due', 'paused', 'pending_payment')
        limit 1`,
      values: [soleKey(product_id, subscriber), subscriber, product_id],
    });
    return rows[0];
  }

  /** The live subscription that must be the only one of its subscriber and product; not those of which several may live. */
  async sole(product_id: string, subscriber: string): Promise<SubscriptionRow | undefined> {
    const { rows } = await this.database.pool.query<SubscriptionRow>({
      name: 'sole_subscription',
      text: 'select * from subscriptions where sole_key = $1',
      values: [soleKey(product_id, subscriber)],
    });
    return rows[0];
  }

  /** Whether the customer has had a trial of the product. */
  async hasHadTrial(customer_id: string, product_id: string): Promise<boolean> {
    const { rows } = await this.database.pool.query({
      name: 'had_subscription_trial',
      text: 'select from subscription_trials where customer_id = $1 and product_id = $2',
      values: [customer_id, product_id],
    });
    return rows.length > 0;
  }

  /** Whether the customer never had a subscription that began, apart from this one. */
  async isFirst(customer_id: string, except: string): Promise<boolean> {
    const { rows } = await this.database.pool.query({
      name: 'first_subscription',
      text: `select from subscriptions where customer_id = $1 and id <> $2 and status <> 'expired' limit 1`,
      values: [customer_id, except],
    });
    return rows.length === 0;
  }
}

export const viewRow = ({ id, state, updated_at }: SubscriptionRow): Subscription =>
  viewSubscription(id, state, updated_at.toISOString());
