import { Inject, Injectable } from '@nestjs/common';
import { decideInvoice } from '#domain/billing/invoice/invoice.commands';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import type { InvoiceOrder } from '#domain/billing/invoice/invoice.request';
import { type Draft, type InvoiceState, invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import type { EventStore, HandleOptions, Outcome } from '#events/store';
import { type Clock, CLOCK } from '#platform/clock/clock';
import { EVENT_STORE } from '#platform/service';
import { totalsOf } from './composing.ts';
import { Finalizing } from './finalizing.ts';
import { Numbers } from './numbers.ts';
import { InvoiceParties } from './parties.ts';

/** Invoices that an operator writes: drafts, until they are finalized. */
@Injectable()
export class Drafts {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly parties: InvoiceParties,
    private readonly numbers: Numbers,
    private readonly finalizing: Finalizing,
  ) {}

  /** @throws Refusal INVOICE_EMPTY, CUSTOMER_NOT_FOUND, AMOUNT_TOO_LARGE */
  async create(
    invoice_id: string,
    order: InvoiceOrder,
    options: HandleOptions<InvoiceState, InvoiceEvent>,
  ): Promise<Outcome<InvoiceState, InvoiceEvent>> {
    const now = this.clock.now().toISOString();
    const totals = totalsOf(order, await this.parties.of(order.customer_id, now));
    return this.store.handle(
      invoiceStream,
      invoice_id,
      (state) => decideInvoice({ type: 'CreateDraft', order, totals, now }, state),
      options,
    );
  }

  /**
   * Finalizes a draft. From the first event on it cannot be changed or deleted, so it always uses its number; a crash is
   * finished by `finish-finalizing`.
   * @throws Refusal ORGANIZATION_REQUIRED, INVOICE_NOT_DRAFT, INVOICE_NOT_FOUND; StaleVersionError
   */
  async finalize(
    invoice_id: string,
    options: HandleOptions<InvoiceState, InvoiceEvent>,
  ): Promise<Outcome<InvoiceState, InvoiceEvent>> {
    const { metadata } = options;
    const { state: before } = await this.store.load(invoiceStream, invoice_id);
    if (before.status !== 'draft') return refuseNoDraft(before);
    const now = this.clock.now().toISOString();
    const order = orderOf(before);
    const parties = await this.parties.of(order.customer_id, now);
    // Nothing may be refused after the number.
    const seller = await this.parties.seller();
    const totals = totalsOf(order, parties);
    const { state } = await this.store.handle(
      invoiceStream,
      invoice_id,
      (draft) => decideInvoice({ type: 'StartFinalizing', now }, draft),
      options,
    );
    const issued_at = (state.status === 'draft' ? state.finalizing_at : null) ?? now;
    const document = { document_id: invoice_id, invoice_id, issued_at, request: null };
    const number = (await this.numbers.assign('invoice', parties.prefix, [document], metadata)).get(invoice_id);
    if (number === undefined) throw new Error(`${invoice_id} got no number`);
    return this.finalizing.finalize({ invoice_id, order, seller, parties, totals }, number, metadata);
  }
}

const refuseNoDraft = (state: InvoiceState): never =>
  isFinalized(state) ? refuseInvoice('INVOICE_NOT_DRAFT') : refuseInvoice('INVOICE_NOT_FOUND');

const orderOf = ({
  status: _status,
  finalizing_at: _at,
  totals: _totals,
  created_at: _created,
  ...order
}: Draft): InvoiceOrder => order;
