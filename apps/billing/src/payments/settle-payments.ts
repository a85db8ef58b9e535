import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { EventMetadata, PublishedEvent } from '#events/event';
import { Subscribe } from '#events/nest/event-transport';
import { Payments } from './payments.ts';

/**
 * Tells invoices of their payments. The caller that observed a payment does it at once; this does it again, in case that the
 * caller crashed. What an invoice knows changes nothing.
 */
@Controller()
export class SettlePayments {
  constructor(private readonly payments: Payments) {}

  @Subscribe({
    service: 'billing',
    name: 'settle-payments',
    sources: ['billing'],
    types: ['payment.succeeded', 'payment.failed', 'payment.requires_action', 'payment.refunded'],
  })
  async on(@Payload() batch: readonly PublishedEvent[]): Promise<void> {
    for (const { id, subject, correlationid } of batch) {
      const metadata: EventMetadata = {
        actor: { type: 'system', id: 'settle-payments' },
        correlation_id: correlationid,
        causation_id: id,
      };
      await this.payments.settle(subject, metadata);
    }
  }
}
