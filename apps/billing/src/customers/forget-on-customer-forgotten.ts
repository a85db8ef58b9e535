import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { Subscribe } from '#events/nest/event-transport';
import { Forgetting } from './forgetting.ts';

/** Deletes the keys of customers that were forgotten, if the call was interrupted before it did. */
@Controller()
export class ForgetOnCustomerForgotten {
  constructor(private readonly forgetting: Forgetting) {}

  @Subscribe({
    service: 'billing',
    name: 'forget-on-customer-forgotten',
    sources: ['billing'],
    types: ['customer.forgotten'],
  })
  async on(@Payload() batch: readonly PublishedEvent[]): Promise<void> {
    for (const { subject } of batch) await this.forgetting.finish(subject);
  }
}
