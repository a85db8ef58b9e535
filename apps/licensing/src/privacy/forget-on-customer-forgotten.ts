import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { Forgetting } from './forgetting.ts';

/** Forgets the people that billing has forgotten: ids of people derive from their addresses, in both services. */
@Controller()
export class ForgetOnCustomerForgotten {
  constructor(private readonly forgetting: Forgetting) {}

  @Subscribe({
    service: 'licensing',
    name: 'forget-on-customer-forgotten',
    sources: ['billing'],
    types: ['customer.forgotten'],
  })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    for (const { data, time } of batch) {
      const { person_ids } = data as unknown as { readonly person_ids: readonly string[] };
      for (const person of person_ids) await this.forgetting.forget(person, time, tx);
    }
  }
}
