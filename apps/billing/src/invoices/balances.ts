import { Injectable } from '@nestjs/common';
import type { Invoice } from '#domain/billing/invoice/invoice';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import type { EventMetadata } from '#events/event';
import { InvoiceParties } from './parties.ts';

/**
 * Gives to customers' balances what events of invoices say. Each event does it once, however often it is settled. What invoices of
 * Stripe give and take, Stripe keeps.
 */
@Injectable()
export class InvoiceBalances {
  constructor(private readonly parties: InvoiceParties) {}

  async settle(invoice_id: string, event: InvoiceEvent, metadata: EventMetadata): Promise<void> {
    if ('provider' in event && event.provider === 'stripe') return;
    const change = changeOf(invoice_id, event);
    if (change === undefined || change.amount <= 0) return;
    const { customer_id, ...given } = change;
    await this.parties.give(customer_id, given, metadata);
  }

  /**
   * Gives back credit that was taken for a finalized invoice and is not part of it: when two processes finalize an invoice at once, one
   * of them may not know yet of credit that has just arrived. It has its effect once.
   */
  async returnUnused(invoice_id: string, { document }: Invoice, taken: number, metadata: EventMetadata): Promise<void> {
    const amount = taken - Math.max(0, document.balance_applied);
    if (amount <= 0) return;
    const { customer_id, currency } = document;
    const change = { currency, amount, reason: 'invoice', source: `${invoice_id}/unused` };
    await this.parties.give(customer_id, change, metadata);
  }
}

const changeOf = (invoice_id: string, event: InvoiceEvent) => {
  switch (event.type) {
    case 'invoice.overpaid': {
      const { customer_id, currency, amount, payment_id } = event;
      return { customer_id, currency, amount, reason: 'overpayment', source: `${payment_id}/overpaid` };
    }
    case 'invoice.voided': {
      const { customer_id, currency, balance_returned: amount } = event;
      return { customer_id, currency, amount, reason: 'invoice_voided', source: `${invoice_id}/voided` };
    }
    case 'credit_note.issued': {
      const { customer_id, currency, to_balance: amount, credit_note_id } = event;
      return { customer_id, currency, amount, reason: 'credit_note', source: credit_note_id };
    }
    case 'invoice.credited': {
      const { customer_id, currency, amount } = event;
      return { customer_id, currency, amount, reason: 'invoice', source: invoice_id };
    }
    default:
      return undefined;
  }
};
