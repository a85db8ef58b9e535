import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';

/** How long the news of a product may be on its way, and how often we look whether it has come, in milliseconds. */
const ON_ITS_WAY_MS = 1_000;
const LOOK_MS = 20;

@Injectable()
export class KnownProducts {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** Whether there is such a product. One that was made a moment ago is waited for. */
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
