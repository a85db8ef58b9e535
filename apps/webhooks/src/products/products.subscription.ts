import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { recordedFrom } from '#events/projection/recorded';
import type { Projection } from '#events/store';
import { knownProductsTable } from './product.table.ts';

/** Keeps the table of products that licensing publishes. */
export const knownProductsProjection: Projection = {
  name: knownProductsTable.name,
  types: ['product.created'],
  tables: [knownProductsTable.name],
  handle: async (batch, tx) => {
    await tx.query({
      name: 'know_products',
      text: 'insert into known_products (id) select unnest($1::text[]) on conflict do nothing',
      values: [batch.map(({ stream_id }) => stream_id)],
    });
  },
};

@Controller()
export class ProductsSubscription {
  @Subscribe({ service: 'webhooks', name: 'products', sources: ['licensing'], types: knownProductsProjection.types })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await knownProductsProjection.handle(batch.map(recordedFrom), tx);
  }
}
