import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { EventMetadata, PublishedEvent } from '#events/event';
import { Subscribe } from '#events/nest/event-transport';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Payments } from './payments.ts';

/**
 * Cancels what was started at providers for an invoice of which nothing is wanted any more: it was voided, written off, or paid in
 * another way. Otherwise the customer could still pay it.
 */
@Controller()
export class CancelPayments {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly payments: Payments,
  ) {}

  @Subscribe({
    service: 'billing',
    name: 'cancel-payments',
    sources: ['billing'],
    types: ['invoice.voided', 'invoice.marked_uncollectible', 'invoice.paid'],
  })
  async on(@Payload() batch: readonly PublishedEvent[]): Promise<void> {
    const causes = new Map(batch.map((event) => [event.subject, event]));
    const { rows } = await this.database.pool.query<{ id: string; invoice_id: string }>({
      name: 'unfinished_payments_of_invoices',
      text: 'select id, invoice_id from payments where invoice_id = any($1) and ask_at is not null order by id',
      values: [[...causes.keys()]],
    });
    for (const { id, invoice_id } of rows) {
      const cause = causes.get(invoice_id);
      if (cause === undefined) continue;
      const metadata: EventMetadata = {
        actor: { type: 'system', id: 'cancel-payments' },
        correlation_id: cause.correlationid,
        causation_id: cause.id,
      };
      await this.payments.requestCancel(id, metadata);
    }
  }
}
