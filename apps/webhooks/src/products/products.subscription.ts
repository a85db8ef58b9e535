import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { type EventContext, type PublishedEvent, Subscribe } from '#events';

@Controller()
export class ProductsSubscription {
  @Subscribe({ service: 'webhooks', name: 'products', sources: ['licensing'], types: ['product.created'] })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await tx.query({
      name: 'know_products',
      text: 'insert into known_products (id) select unnest($1::text[]) on conflict do nothing',
      values: [batch.map(({ subject }) => subject)],
    });
  }
}
