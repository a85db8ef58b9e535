import { Inject, Injectable } from '@nestjs/common';
import { invoiceContracts } from '#domain/billing/invoice/invoice.contracts';
import { subscriptionContracts } from '#domain/billing/subscription/subscription.contracts';
import type { DomainEvent } from '#events/decider';
import type { EventStore } from '#events/store';
import { defineService } from '#platform/define-service';
import { EVENT_STORE } from '#platform/service';

const anything = { name: 'anything', initialState: 0, evolve: (count: number) => count + 1 };

/** Appends events to billing's log, as billing would. */
@Injectable()
export class BillingLog {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  async append<Event extends DomainEvent>(subject: string, ...events: Event[]): Promise<void> {
    await this.store.handle(anything, subject, () => events, {
      metadata: { actor: { type: 'system', id: 'test' }, correlation_id: 'test' },
    });
  }
}

/** Stands in for billing: a service of that name with only a log. */
export const billingStandIn = defineService({
  name: 'billing',
  features: [{ streams: [anything], providers: [BillingLog] }],
  publishes: [...subscriptionContracts, ...invoiceContracts],
});
