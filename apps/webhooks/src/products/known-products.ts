import { Inject, Injectable } from '@nestjs/common';
import type { ServiceDatabase } from '#platform/database/database';
import { arrived } from '#platform/events/arrival';
import { DATABASE } from '#platform/service';

@Injectable()
export class KnownProducts {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** Whether the product exists. Waits for the event of a product that was made a moment ago. */
  async has(id: string): Promise<boolean> {
    const found = await arrived(async () => {
      const { rows } = await this.database.pool.query({
        name: 'known_product',
        text: 'select from known_products where id = $1',
        values: [id],
      });
      return rows.length > 0 || undefined;
    }, id);
    return found ?? false;
  }
}
