import { Inject, Injectable } from '@nestjs/common';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import type { ProductRow } from './product.table.ts';

/** The products of licensing, as billing knows them. */
@Injectable()
export class KnownProducts {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** Whether a subscriber may have several live subscriptions of the product. */
  async allowsSeveral(id: string): Promise<boolean> {
    const { rows } = await this.database.pool.query<Pick<ProductRow, 'allow_multiple_subscriptions'>>({
      name: 'known_product',
      text: 'select allow_multiple_subscriptions from products where id = $1',
      values: [id],
    });
    return rows[0]?.allow_multiple_subscriptions ?? false;
  }
}
