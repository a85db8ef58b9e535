import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { fanOut, UNWANTED } from './fan-out.ts';

/** Makes a delivery of every published event for each endpoint that wants it. */
@Controller()
export class FanOutSubscription {
  @Subscribe({
    service: 'webhooks',
    name: 'deliveries',
    sources: 'all',
    types: ['*'],
    unwanted: UNWANTED,
  })
  on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<number> {
    return fanOut(batch, tx);
  }
}
