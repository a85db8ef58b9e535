import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Gatherer } from '#events/gatherer';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import type { PlanRow } from './plan.table.ts';

/** How long the event of a new plan may take to arrive, and how often the table is read meanwhile, in milliseconds. */
const ON_ITS_WAY_MS = 1_000;
const LOOK_MS = 20;

/** The plans of licensing, as billing knows them. */
@Injectable()
export class KnownPlans {
  readonly #plans = new Gatherer<PlanRow>((ids) => this.#among(ids));

  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** The plan; undefined if there is none. Waits for the event of a plan that was made a moment ago. */
  async find(id: string): Promise<PlanRow | undefined> {
    const [plan] = await awaited(async () => [(await this.#plans.get(id)) ?? []].flat());
    return plan;
  }

  /** The plans with a slug: products do not share theirs. Waits for the event of a plan that was made a moment ago. */
  bySlug(slug: string): Promise<readonly PlanRow[]> {
    return awaited(async () => {
      const text = 'select * from plans where slug = $1 order by id';
      const { rows } = await this.database.pool.query<PlanRow>({ name: 'plans_by_slug', text, values: [slug] });
      return rows;
    });
  }

  async #among(ids: readonly string[]): Promise<ReadonlyMap<string, PlanRow>> {
    const text = 'select * from plans where id = any($1)';
    const { rows } = await this.database.pool.query<PlanRow>({
      name: 'known_plans',
      text,
      values: [[...new Set(ids)]],
    });
    return new Map(rows.map((row) => [row.id, row]));
  }
}

/** What a look finds: repeated for a while if it finds nothing. */
const awaited = async (look: () => Promise<readonly PlanRow[]>): Promise<readonly PlanRow[]> => {
  const deadline = performance.now() + ON_ITS_WAY_MS;
  for (;;) {
    const found = await look();
    if (found.length > 0 || performance.now() > deadline) return found;
    await sleep(LOOK_MS);
  }
};
