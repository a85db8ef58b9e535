import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type ForeignEvent, recordedFrom } from '#events/projection/recorded';
import { tableProjection } from '#events/projection/table';
import { type ProductRow, productsTable } from './product.table.ts';

type Known = Pick<ProductRow, 'name' | 'slug' | 'require_signing'>;
type ProductEvent =
  | ForeignEvent<'product.created', Known & { readonly product_type: string }>
  | ForeignEvent<'product.updated', { readonly changes: Partial<Known> }>;

/** Products as licensing publishes them, in the columns that releases need. */
export const productsProjection = tableProjection<ProductRow, ProductEvent>({
  table: productsTable,
  types: ['product.created', 'product.updated'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version }) => {
    if (row !== undefined && row.version >= version) return row;
    switch (event.type) {
      case 'product.created': {
        const { name, slug, product_type, require_signing } = event.data;
        return { id: stream_id, version, name, slug, product_type, require_signing };
      }
      case 'product.updated': {
        if (row === undefined) return undefined;
        const { name = row.name, slug = row.slug, require_signing = row.require_signing } = event.data.changes;
        return { ...row, version, name, slug, require_signing };
      }
      default:
        return row;
    }
  },
});

@Controller()
export class ProductsSubscription {
  @Subscribe({ service: 'releases', name: 'products', sources: ['licensing'], types: productsProjection.types })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await productsProjection.handle(batch.map(recordedFrom), tx);
  }
}
