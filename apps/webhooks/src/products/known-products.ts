import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';

/** How long the event of a new product may take to arrive, and how often the table is read meanwhile, in milliseconds. */
const ON_ITS_WAY_MS = 1_000;
const LOOK_MS = 20;

@Injectable()
export class KnownProducts {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** Whether the product exists. Waits for the event of a product that was made a moment ago. */
  async has(id: string): Promise<boolean> {
    const deadline = performance.now() + ON_ITS_WAY_MS;
    for (;;) {
      const { rows } = await this.database.pool.query({
        name: 'known_product',
        text: 'select from known_products where id = $1',
        values: [id],
      });
      if (rows.length > 0) return true;
      if (performance.now() > deadline) return false;
      await sleep(LOOK_MS);
    }
  }
}
