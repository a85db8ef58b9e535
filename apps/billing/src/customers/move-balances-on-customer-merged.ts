import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { Subscribe } from '#events/nest/event-transport';
import { recordedFrom } from '#events/projection/recorded';
import { Customers } from './customers.ts';

/** Moves the balances of merged customers, if the call that merged them was interrupted before it did. */
@Controller()
export class MoveBalancesOnCustomerMerged {
  constructor(private readonly customers: Customers) {}

  @Subscribe({
    service: 'billing',
    name: 'move-balances-on-customer-merged',
    sources: ['billing'],
    types: ['customer.merged'],
  })
  async on(@Payload() batch: readonly PublishedEvent[]): Promise<void> {
    for (const published of batch) {
      await this.customers.moveBalances(published.subject, recordedFrom(published).metadata);
    }
  }
}
