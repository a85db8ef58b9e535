import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type ForeignEvent, recordedFrom } from '#events/projection/recorded';
import { tableProjection } from '#events/projection/table';
import { type ProductRow, productsTable } from './product.table.ts';

/** Products from before the flag have null in its place. */
type Known = Pick<ProductRow, 'name'> & { readonly allow_multiple_subscriptions: boolean | null };
type ProductEvent =
  ForeignEvent<'product.created', Known> | ForeignEvent<'product.updated', { readonly changes: Partial<Known> }>;

/** Projects the products that licensing publishes into the columns that billing needs. */
export const productsProjection = tableProjection<ProductRow, ProductEvent>({
  table: productsTable,
  types: ['product.created', 'product.updated'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version }) => {
    if (row !== undefined && row.version >= version) return row;
    switch (event.type) {
      case 'product.created':
        return known({ id: stream_id, version, ...event.data });
      case 'product.updated':
        return row && known({ ...row, ...event.data.changes, version });
      default:
        return row;
    }
  },
});

const known = (row: Known & Pick<ProductRow, 'id' | 'version'>): ProductRow => ({
  ...row,
  allow_multiple_subscriptions: row.allow_multiple_subscriptions ?? false,
});

@Controller()
export class ProductsSubscription {
  @Subscribe({ service: 'billing', name: 'products', sources: ['licensing'], types: productsProjection.types })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await productsProjection.handle(batch.map(recordedFrom), tx);
  }
}
