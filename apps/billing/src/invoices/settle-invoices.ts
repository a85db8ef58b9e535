import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import type { EventMetadata, PublishedEvent } from '#events/event';
import { Subscribe } from '#events/nest/event-transport';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { InvoiceBalances } from './balances.ts';
import { CreditNotes } from './credit-notes.ts';

/**
 * Does what events of invoices say for customers' balances and refunds. The caller of a command does it at once; this does it
 * again, in case that the caller crashed. Each part happens once.
 */
@Controller()
export class SettleInvoices {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly balances: InvoiceBalances,
    private readonly creditNotes: CreditNotes,
  ) {}

  @Subscribe({
    service: 'billing',
    name: 'settle-invoices',
    sources: ['billing'],
    types: ['invoice.overpaid', 'invoice.credited', 'invoice.voided', 'credit_note.issued'],
  })
  async on(@Payload() batch: readonly PublishedEvent[]): Promise<void> {
    for (const published of batch) await this.#settle(published);
  }

  async #settle({ id, subject, streamversion, correlationid }: PublishedEvent): Promise<void> {
    const [recorded] = await this.store.readStream<InvoiceEvent>(subject, { after: streamversion - 1, limit: 1 });
    if (recorded === undefined) return;
    const metadata: EventMetadata = {
      actor: { type: 'system', id: 'settle-invoices' },
      correlation_id: correlationid,
      causation_id: id,
    };
    await this.balances.settle(subject, recorded.event, metadata);
    if (recorded.event.type === 'credit_note.issued') await this.creditNotes.refund(subject, recorded.event, metadata);
  }
}
