import { Inject, Injectable } from '@nestjs/common';
import { Gatherer } from '#events/gatherer';
import type { ServiceDatabase } from '#platform/database/database';
import { arrived } from '#platform/events/arrival';
import { DATABASE } from '#platform/service';
import type { PlanRow } from './plan.table.ts';

/** The plans of licensing, as billing knows them. */
@Injectable()
export class KnownPlans {
  readonly #plans = new Gatherer<PlanRow>((ids) => this.#among(ids));

  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** The plan; undefined if there is none. Waits for the event of a plan that was made a moment ago. */
  async find(id: string): Promise<PlanRow | undefined> {
    return arrived(() => this.#plans.get(id), id);
  }

  /** The plans with a slug: products do not share theirs. Waits for the event of a plan that was made a moment ago. */
  async bySlug(slug: string): Promise<readonly PlanRow[]> {
    const text = 'select * from plans where slug = $1 order by id';
    const found = await arrived(async () => {
      const { rows } = await this.database.pool.query<PlanRow>({ name: 'plans_by_slug', text, values: [slug] });
      return rows.length === 0 ? undefined : rows;
    });
    return found ?? [];
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
