import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { subscriptionStream } from '#domain/billing/subscription/subscription';
import { Refusal } from '#domain/shared/refusal';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { Discounting } from './discounting.ts';
import { Invoices } from '../invoices/invoices.ts';

/**
 * Closes the open invoices of a subscription that has ended. If it ended unpaid, they are a debt, which is written off and can still be
 * paid; otherwise nothing was delivered for them, so they are voided. The coupon of a subscription that never began is free again.
 */
@Controller()
export class CloseInvoices {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly invoices: Invoices,
    private readonly discounting: Discounting,
  ) {}

  @Subscribe({
    service: 'billing',
    name: 'close-invoices',
    sources: ['billing'],
    types: ['subscription.canceled', 'subscription.expired'],
  })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() _context: EventContext): Promise<void> {
    for (const event of batch) await this.#close(event);
  }

  async #close({ subject, type, data, correlationid, id }: PublishedEvent): Promise<void> {
    const { state } = await this.store.load(subscriptionStream, subject);
    if (state.status === 'none') return;
    const metadata = {
      actor: { type: 'system', id: 'close-invoices' },
      correlation_id: correlationid,
      causation_id: id,
    } as const;
    for (const invoice_id of state.unpaid.filter((one) => !state.final_invoice_ids.includes(one))) {
      const closing =
        data['reason'] === 'unpaid'
          ? this.invoices.markUncollectible(invoice_id, metadata)
          : this.invoices.void(invoice_id, type, metadata);
      await closing.catch(closedBefore);
    }
    if (type === 'subscription.expired' && state.discount !== null)
      await this.discounting.release(state.discount.coupon_id, subject, metadata);
  }
}

/** The invoice was paid, in part or in whole, or closed by an operator meanwhile: it stays as it is. */
const closedBefore = (error: unknown): void => {
  if (!(error instanceof Refusal)) throw error;
};
