import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Candidate, type Eligibility, eligibilityOf } from '#domain/billing/subscription/subscription.access';
import { subscriptionStream } from '#domain/billing/subscription/subscription';
import { Gatherer } from '#events/gatherer';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { PlanAccesses } from './plan-access.ts';

/** Maximum number of subscribers whose subscriptions are cached. */
const REMEMBERED = 50_000;

/** Ids of products have no blanks. */
const keyOf = (product_id: string, subscriber: string): string => `${product_id} ${subscriber}`;

/**
 * Whether subscribers have access. An answer that access is given comes from memory where possible: the states of subscriptions
 * there follow the log as those of licenses in verification do, and plans are at most a second old. Every refusal is looked up in
 * the database first, so a new subscription counts at once.
 */
@Injectable()
export class Eligibilities {
  /** Ids of the subscriptions of a subscriber to a product. */
  readonly #ids = new LRUCache<string, readonly string[]>({ max: REMEMBERED });
  readonly #rows = new Gatherer<readonly string[]>((keys) => this.#read(keys));

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly plans: PlanAccesses,
  ) {}

  /** Answers without waiting if access is given and everything is in memory; undefined otherwise. */
  remembered(
    product_id: string,
    subscriber: string,
    feature: string | undefined,
    now: string,
  ): Eligibility | undefined {
    const candidates: Candidate[] = [];
    for (const id of this.#ids.get(keyOf(product_id, subscriber)) ?? []) {
      const state = this.store.peek(subscriptionStream, id)?.state;
      const plan = state === undefined || state.status === 'none' ? undefined : this.plans.remembered(state.plan_id);
      if (state === undefined || state.status === 'none' || plan === undefined) return undefined;
      candidates.push({ id, state, plan });
    }
    const eligibility = eligibilityOf(candidates, feature, now);
    return eligibility.eligible ? eligibility : undefined;
  }

  async find(product_id: string, subscriber: string, feature: string | undefined, now: string): Promise<Eligibility> {
    const key = keyOf(product_id, subscriber);
    const ids = (await this.#rows.get(key)) ?? [];
    this.#ids.set(key, ids);
    const candidates = await Promise.all(ids.map((id) => this.#candidate(id)));
    return eligibilityOf(
      candidates.filter((candidate) => candidate !== undefined),
      feature,
      now,
    );
  }

  async #candidate(id: string): Promise<Candidate | undefined> {
    const { state } = await this.store.load(subscriptionStream, id);
    return state.status === 'none' ? undefined : { id, state, plan: await this.plans.find(state.plan_id) };
  }

  async #read(keys: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const parts = keys.map((key) => [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)]);
    const { rows } = await this.database.pool.query<{ key: string; ids: string[] }>({
      name: 'subscriptions_of_subscribers',
      text: `select wanted.key, s.ids
        from unnest($1::text[], $2::text[], $3::text[]) as wanted(key, product_id, subscriber)
        cross join lateral (
          select array_agg(id order by id) as ids from subscriptions as s
          where s.subscriber = wanted.subscriber and s.product_id = wanted.product_id
            and s.status in ('pending_payment', 'trialing', 'active', 'past_due', 'paused')
        ) as s where s.ids is not null`,
      values: [keys, parts.map(([product_id]) => product_id), parts.map(([, subscriber]) => subscriber)],
    });
    return new Map(rows.map(({ key, ids }) => [key, ids]));
  }
}
