import { Inject, Injectable } from '@nestjs/common';
import type { Seller } from '#domain/billing/customer/party';
import { decideInvoice } from '#domain/billing/invoice/invoice.commands';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import { sellsLicenses } from '#domain/billing/invoice/invoice.facts';
import type { InvoiceTotals } from '#domain/billing/invoice/invoice.lines';
import type { InvoiceOrder } from '#domain/billing/invoice/invoice.request';
import { type InvoiceState, invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import type { NumberAssigned } from '#domain/billing/invoice/number';
import type { EventMetadata } from '#events/event';
import { type EventStore, type HandleOptions, type Outcome, StaleVersionError } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { InvoiceBalances } from './balances.ts';
import { documentOf } from './composing.ts';
import { InvoiceParties, type PartiesOfInvoice } from './parties.ts';

/** An order with everything that its document needs besides the number. */
export interface Prepared {
  readonly invoice_id: string;
  readonly order: InvoiceOrder;
  readonly seller: Seller;
  readonly parties: PartiesOfInvoice;
  readonly totals: InvoiceTotals;
  /** Nothing is known of the invoice: its stream need not be looked up. */
  readonly is_new?: boolean;
}

/**
 * The last step of each invoice: with its number it uses the customer's balance and is finalized. Each part of it happens once
 * for an invoice, so it can be repeated after a crash at any point.
 */
@Injectable()
export class Finalizing {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly parties: InvoiceParties,
    private readonly balances: InvoiceBalances,
  ) {}

  async finalize(
    { invoice_id, order, seller, parties, totals, is_new = false }: Prepared,
    number: NumberAssigned,
    metadata: EventMetadata,
  ): Promise<Outcome<InvoiceState, InvoiceEvent>> {
    const balance_applied = await this.#useBalance(invoice_id, order, parties, totals.total, metadata);
    const document = documentOf(order, seller, parties, totals, number, balance_applied);
    const recipient_sealed =
      document.amount_due === 0 && sellsLicenses(document)
        ? await this.parties.recipient(document.customer_id, invoice_id)
        : null;
    const finalize = (expected: Pick<HandleOptions<InvoiceState, InvoiceEvent>, 'expectedVersion'>) =>
      this.store.handle(
        invoiceStream,
        invoice_id,
        (state) => decideInvoice({ type: 'FinalizeInvoice', document, recipient_sealed }, state),
        {
          metadata,
          ...expected,
        },
      );
    const outcome = await finalize(is_new ? { expectedVersion: 0 } : {}).catch((error: unknown) => {
      // Issued by another process at the same time.
      if (error instanceof StaleVersionError) return finalize({});
      throw error;
    });
    for (const { event } of outcome.events) await this.balances.settle(invoice_id, event, metadata);
    // What another process finalized meanwhile may be without the credit. `return-unused-credit` repeats this after a crash.
    if (outcome.events.length === 0 && isFinalized(outcome.state))
      await this.balances.returnUnused(invoice_id, outcome.state, balance_applied, metadata);
    return outcome;
  }

  /** Asks the customer only if there is credit, or if a crash may have come after it was taken. */
  async #useBalance(
    invoice_id: string,
    { customer_id, currency }: InvoiceOrder,
    parties: PartiesOfInvoice,
    total: number,
    metadata: EventMetadata,
  ): Promise<number> {
    if (total <= 0) return total;
    const taken = parties.taken(invoice_id);
    if (taken !== undefined) return taken;
    if (parties.balance(currency) <= 0) return 0;
    return this.parties.take(customer_id, { currency, up_to: total, reason: 'invoice', source: invoice_id }, metadata);
  }
}
