import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { FeatureValue, PlanAccess } from '#domain/billing/subscription/subscription.access';
import type { PausePolicy } from '#domain/licensing/plan/plan.billing-policies';
import { Gatherer } from '#events/gatherer';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';

/** Number of plans that are cached, and the cache time in milliseconds: the delay that states in memory may have. */
const REMEMBERED = 10_000;
const REMEMBERED_MS = 1_000;

const UNKNOWN: PlanAccess = { keeps_paused: false, features: new Map() };

interface Row {
  readonly id: string;
  readonly pause_policy: PausePolicy;
  readonly features: Readonly<Record<string, FeatureValue>> | null;
}

/** What plans say of access. */
@Injectable()
export class PlanAccesses {
  readonly #plans = new LRUCache<string, PlanAccess>({ max: REMEMBERED, ttl: REMEMBERED_MS });
  readonly #rows = new Gatherer<PlanAccess>((plan_ids) => this.#read(plan_ids));

  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** Answers without waiting if it is in memory; at most a second old. */
  remembered(plan_id: string): PlanAccess | undefined {
    return this.#plans.get(plan_id);
  }

  /** A plan whose events have not arrived yet includes nothing. */
  async find(plan_id: string): Promise<PlanAccess> {
    const known = this.remembered(plan_id) ?? (await this.#rows.get(plan_id));
    return known ?? UNKNOWN;
  }

  async #read(plan_ids: readonly string[]): Promise<ReadonlyMap<string, PlanAccess>> {
    const { rows } = await this.database.pool.query<Row>({
      name: 'plan_access',
      text: `select p.id, p.pause_policy,
          (select jsonb_object_agg(feature, value) from plan_entitlements where plan_id = p.id and not removed) as features
        from plans as p where p.id = any($1)`,
      values: [plan_ids],
    });
    const found = rows.map(({ id, pause_policy, features }): [string, PlanAccess] => [
      id,
      { keeps_paused: pause_policy === 'keep', features: new Map(Object.entries(features ?? {})) },
    ]);
    for (const [id, plan] of found) this.#plans.set(id, plan);
    return new Map(found);
  }
}
