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
    const deadline = performance.now() + ON_ITS_WAY_MS;
    for (;;) {
      const { rows } = await this.database.pool.query<PlanRow>({
        name: 'known_plan',
        text: 'select * from plans where id = $1',
        values: [id],
      });
      if (rows[0] !== undefined || performance.now() > deadline) return rows[0];
      await sleep(LOOK_MS);
    }
  }
}
