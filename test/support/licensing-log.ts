import { Inject, Injectable } from '@nestjs/common';
import { licensingContracts } from '#domain/licensing/contracts';
import type { DomainEvent } from '#events/decider';
import type { EventStore } from '#events/store';
import { defineService } from '#platform/define-service';
import { EVENT_STORE } from '#platform/service';

const anything = { name: 'anything', initialState: 0, evolve: (count: number) => count + 1 };

/** Appends events to licensing's log, as licensing would. */
@Injectable()
export class LicensingLog {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** @returns the ids of the events */
  async append<Event extends DomainEvent>(subject: string, ...events: Event[]): Promise<string[]> {
    const { events: recorded } = await this.store.handle(anything, subject, () => events, {
      metadata: { actor: { type: 'system', id: 'test' }, correlation_id: 'test' },
    });
    return recorded.map(({ id }) => id);
  }
}

/** Stands in for licensing: a service of that name with only a log. */
export const licensingStandIn = defineService({
  name: 'licensing',
  features: [{ streams: [anything], providers: [LicensingLog] }],
  publishes: licensingContracts,
});
