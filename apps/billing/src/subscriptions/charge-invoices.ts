import { Inject, Injectable } from '@nestjs/common';
import type { IssueInvoice } from '#domain/billing/invoice/invoice.request';
import type { Charge } from '#domain/billing/subscription/subscription.events';
import type { Subscription } from '#domain/billing/subscription/subscription';
import type { EventMetadata } from '#events/event';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Invoices } from '../invoices/invoices.ts';

/** Makes invoices out of the charges of subscriptions. */
@Injectable()
export class ChargeInvoices {
  constructor(
    private readonly invoices: Invoices,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Issues the invoice of a charge; once, however often it is called. @returns true if nothing is due on it */
  async issue(id: string, state: Subscription, charge: Charge, metadata: EventMetadata): Promise<boolean> {
    const { status } = await this.invoices.issue(this.request(id, state, charge), metadata);
    return status === 'paid';
  }

  /** What an invoice of a charge is ordered with. */
  request(id: string, state: Subscription, charge: Charge): IssueInvoice {
    const { customer_id, subscriber, product_id, provider, po_number } = state;
    return {
      ...charge,
      customer_id,
      subscription_id: id,
      subscriber,
      product_id,
      po_number,
      provider,
      due_days: null,
      issued_at: this.clock.now().toISOString(),
    };
  }
}
