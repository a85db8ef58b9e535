import { Inject, Injectable } from '@nestjs/common';
import { decideInvoice, type InvoiceCommand } from '#domain/billing/invoice/invoice.commands';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import { type Invoice, type InvoiceState, invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import type { InvoiceTotals } from '#domain/billing/invoice/invoice.lines';
import type { InvoiceOrder, IssueInvoice } from '#domain/billing/invoice/invoice.request';
import type { NumberAssigned } from '#domain/billing/invoice/number';
import type { Time } from '#domain/shared/time';
import type { EventMetadata } from '#events/event';
import type { EventStore, HandleOptions, Outcome } from '#events/store';
import { type Clock, CLOCK } from '#platform/clock/clock';
import { EVENT_STORE } from '#platform/service';
import { InvoiceBalances } from './balances.ts';
import { totalsOf } from './composing.ts';
import { Finalizing, type Prepared } from './finalizing.ts';
import { Numbers } from './numbers.ts';
import { InvoiceParties } from './parties.ts';

/** An invoice that was issued. */
export interface IssuedInvoice {
  readonly invoice_id: string;
  readonly number: string;
  readonly total: number;
  readonly amount_due: number;
  readonly issued_at: Time;
  readonly due_at: Time;
  /** `paid` if nothing is due. */
  readonly status: Invoice['status'];
}

export interface InvoicePreview extends InvoiceTotals {
  /** After the customer's balance. */
  readonly amount_due: number;
  /** What would be given to the customer's balance: a negative total. */
  readonly credit: number;
}

/** Issues invoices, and decides commands on them. */
@Injectable()
export class Invoices {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly parties: InvoiceParties,
    private readonly numbers: Numbers,
    private readonly finalizing: Finalizing,
    private readonly balances: InvoiceBalances,
  ) {}

  /**
   * Issues an invoice: number, seller, buyer, tax and totals are frozen, and the customer's balance is used. The same
   * `invoice_id` is issued once: repeated, it answers the same.
   * @throws Refusal ORGANIZATION_REQUIRED, INVOICE_EMPTY, INVOICE_EXISTS, CUSTOMER_NOT_FOUND, AMOUNT_TOO_LARGE
   */
  async issue(request: IssueInvoice, metadata: EventMetadata): Promise<IssuedInvoice> {
    const [issued] = await this.issueMany([request], metadata);
    if (issued?.status !== 'fulfilled') throw issued?.reason;
    return issued.value;
  }

  /**
   * Issues many invoices; one command assigns the numbers of all of them, in the order of the requests. What a crash interrupts,
   * `finish-finalizing` finishes, as a number carries its request; for subscriptions, `issue-charges` does.
   * @returns in the order of the requests; one that fails does not fail the others
   */
  async issueMany(
    requests: readonly IssueInvoice[],
    metadata: EventMetadata,
  ): Promise<readonly PromiseSettledResult<IssuedInvoice>[]> {
    const prepared = await Promise.allSettled(requests.map((request) => this.#prepare(request)));
    const numbers = await this.#number(requests, prepared, metadata);
    return Promise.allSettled(
      prepared.map(async (result): Promise<IssuedInvoice> => {
        if (result.status === 'rejected') throw result.reason;
        if ('number' in result.value) return result.value;
        const { invoice_id } = result.value;
        const number = numbers.get(invoice_id);
        if (number === undefined) throw new Error(`${invoice_id} got no number`);
        const { state } = await this.finalizing.finalize(result.value, number, metadata);
        return issuedOf(invoice_id, state);
      }),
    );
  }

  /** What `issue` would charge, computed by the same function. Writes nothing. */
  async preview(order: InvoiceOrder): Promise<InvoicePreview> {
    const parties = await this.parties.of(order.customer_id, this.clock.now().toISOString());
    const totals = totalsOf(order, parties);
    const balance = Math.max(0, Math.min(totals.total, parties.balance(order.currency)));
    return { ...totals, amount_due: Math.max(0, totals.total - balance), credit: Math.max(0, -totals.total) };
  }

  /** A finalized invoice; undefined for a draft, and if there is none. */
  async find(invoice_id: string): Promise<Invoice | undefined> {
    const { state } = await this.store.load(invoiceStream, invoice_id);
    return isFinalized(state) ? state : undefined;
  }

  /** A finalized invoice. @throws Refusal INVOICE_NOT_FINALIZED, INVOICE_NOT_FOUND */
  async existing(invoice_id: string): Promise<Invoice> {
    const { state } = await this.store.load(invoiceStream, invoice_id);
    if (isFinalized(state)) return state;
    return state.status === 'draft' ? refuseInvoice('INVOICE_NOT_FINALIZED') : refuseInvoice('INVOICE_NOT_FOUND');
  }

  /** @throws Refusal INVOICE_PAID, INVOICE_HAS_PAYMENTS, INVOICE_OF_PROVIDER, INVOICE_NOT_FOUND */
  void(
    invoice_id: string,
    reason: string | null,
    metadata: EventMetadata,
  ): Promise<Outcome<InvoiceState, InvoiceEvent>> {
    return this.handle(invoice_id, { type: 'VoidInvoice', reason, now: this.clock.now().toISOString() }, { metadata });
  }

  /** @throws Refusal INVOICE_PAID, INVOICE_VOID, INVOICE_OF_PROVIDER, INVOICE_NOT_FOUND */
  markUncollectible(invoice_id: string, metadata: EventMetadata): Promise<Outcome<InvoiceState, InvoiceEvent>> {
    return this.handle(invoice_id, { type: 'MarkUncollectible' }, { metadata });
  }

  /** Decides a command, and settles with the customer's balance what its events say. @throws Refusal */
  async handle(
    invoice_id: string,
    command: InvoiceCommand,
    options: HandleOptions<InvoiceState, InvoiceEvent>,
  ): Promise<Outcome<InvoiceState, InvoiceEvent>> {
    const outcome = await this.store.handle(
      invoiceStream,
      invoice_id,
      (state) => decideInvoice(command, state),
      options,
    );
    for (const { event } of outcome.events) await this.balances.settle(invoice_id, event, options.metadata);
    return outcome;
  }

  /** Computes all of the document, so that nothing can be refused after it got its number. */
  async #prepare(request: IssueInvoice): Promise<Prepared | IssuedInvoice> {
    const { invoice_id, issued_at, ...order } = request;
    const { state } = await this.store.load(invoiceStream, invoice_id);
    if (isFinalized(state)) return issuedOf(invoice_id, state);
    if (state.status !== 'none') return refuseInvoice('INVOICE_EXISTS');
    const parties = await this.parties.of(order.customer_id, issued_at);
    const seller = await this.parties.seller();
    return { invoice_id, order, seller, parties, totals: totalsOf(order, parties), is_new: true };
  }

  async #number(
    requests: readonly IssueInvoice[],
    prepared: readonly PromiseSettledResult<Prepared | IssuedInvoice>[],
    metadata: EventMetadata,
  ): Promise<ReadonlyMap<string, NumberAssigned>> {
    const open = prepared.map((result) =>
      result.status === 'fulfilled' && 'parties' in result.value ? result.value.parties : undefined,
    );
    const prefix = open.find((parties) => parties !== undefined)?.prefix;
    if (prefix === undefined) return new Map();
    const documents = requests
      .filter((_, n) => open[n] !== undefined)
      .map((request) => {
        const { invoice_id, issued_at } = request;
        // What a subscription charges stands in its event, and is asked for again after a crash.
        return {
          document_id: invoice_id,
          invoice_id,
          issued_at,
          request: request.subscription_id === null ? request : null,
        };
      });
    return this.numbers.assign('invoice', prefix, documents, metadata);
  }
}

/** @throws Refusal INVOICE_NOT_FINALIZED */
export const issuedOf = (invoice_id: string, state: InvoiceState): IssuedInvoice => {
  if (!isFinalized(state)) return refuseInvoice('INVOICE_NOT_FINALIZED');
  const { number, total, issued_at, due_at } = state.document;
  return { invoice_id, number, total, amount_due: state.amount_due, issued_at, due_at, status: state.status };
};
