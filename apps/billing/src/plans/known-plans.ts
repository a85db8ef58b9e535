import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import type { PlanRow } from './plan.table.ts';

/** How long the event of a new plan may take to arrive, and how often the table is read meanwhile, in milliseconds. */
const ON_ITS_WAY_MS = 1_000;
const LOOK_MS = 20;

/** The plans of licensing, as billing knows them. */
@Injectable()
export class KnownPlans {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** The plan; undefined if there is none. Waits for the event of a plan that was made a moment ago. */
  async find(id: string): Promise<PlanRow | undefined> {
    const [plan] = await this.#look('known_plan', 'select * from plans where id = $1', id);
    return plan;
  }

  /** The plans with a slug: products do not share theirs. Waits for the event of a plan that was made a moment ago. */
  bySlug(slug: string): Promise<readonly PlanRow[]> {
    return this.#look('plans_by_slug', 'select * from plans where slug = $1 order by id', slug);
  }

  async #look(name: string, text: string, value: string): Promise<readonly PlanRow[]> {
    const deadline = performance.now() + ON_ITS_WAY_MS;
    for (;;) {
      const { rows } = await this.database.pool.query<PlanRow>({ name, text, values: [value] });
      if (rows.length > 0 || performance.now() > deadline) return rows;
      await sleep(LOOK_MS);
    }
  }
}
