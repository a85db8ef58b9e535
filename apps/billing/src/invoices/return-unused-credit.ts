import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import type { EventMetadata, PublishedEvent } from '#events/event';
import { Subscribe } from '#events/nest/event-transport';
import type { EventStore } from '#events/store';
import { tryAgain } from '#events/try-again';
import { EVENT_STORE } from '#platform/service';
import { InvoiceBalances } from './balances.ts';

/** The invoice follows the use of the balance at once, unless a crash comes between: then the event is tried again later. */
const LOOKS = 20;
const PAUSE_MS = 50;

/** Looks after each use of a customer's balance whether the invoice has it, and gives back what it has not. */
@Controller()
export class ReturnUnusedCredit {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly balances: InvoiceBalances,
  ) {}

  @Subscribe({
    service: 'billing',
    name: 'return-unused-credit',
    sources: ['billing'],
    types: ['customer.balance_changed'],
  })
  async on(@Payload() batch: readonly PublishedEvent[]): Promise<void> {
    for (const { id, correlationid, data } of batch) {
      const taken = -Number(data['amount']);
      if (data['reason'] !== 'invoice' || taken <= 0) continue;
      const metadata: EventMetadata = {
        actor: { type: 'system', id: 'return-unused-credit' },
        correlation_id: correlationid,
        causation_id: id,
      };
      await this.#look(String(data['source']), taken, metadata);
    }
  }

  async #look(invoice_id: string, taken: number, metadata: EventMetadata): Promise<void> {
    const look = async (): Promise<void> => {
      const { state } = await this.store.load(invoiceStream, invoice_id);
      if (!isFinalized(state)) throw new NotFinalized(`${invoice_id} uses a balance, and is not finalized yet`);
      await this.balances.returnUnused(invoice_id, state, taken, metadata);
    };
    const isEarly = (error: unknown): boolean => error instanceof NotFinalized;
    await tryAgain(look, { when: isEarly, atMost: LOOKS, pauseMs: () => PAUSE_MS });
  }
}

class NotFinalized extends Error {
  override readonly name = 'NotFinalized';
}
