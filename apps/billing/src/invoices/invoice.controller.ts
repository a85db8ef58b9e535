import { Controller, Inject } from '@nestjs/common';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import { type InvoiceState, invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import { newId } from '#domain/shared/id';
import { addDays } from '#domain/shared/time';
import type { EventStore, Outcome } from '#events/store';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { type Clock, CLOCK } from '#platform/clock/clock';
import { fileAnswer } from '#platform/export/streams';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { Problem } from '#platform/http/problem';
import { EVENT_STORE } from '#platform/service';
import { assertMatches, type Changing } from '../if-match.ts';
import { Payments } from '../payments/payments.ts';
import { assertRange } from '../time-range.ts';
import { CreditNotes } from './credit-notes.ts';
import { DraftOrders } from './draft-orders.ts';
import { Drafts } from './drafts.ts';
import * as contracts from './invoice.endpoints.ts';
import { InvoiceList } from './invoice.list.ts';
import { Invoice } from './invoice.schemas.ts';
import { viewCreditNote, viewInvoice } from './invoice.view.ts';
import { Invoices } from './invoices.ts';
import { repeatableId } from './repeatable-id.ts';

type Changed = Outcome<InvoiceState, InvoiceEvent>;

@Controller()
export class InvoiceController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly list: InvoiceList,
    private readonly orders: DraftOrders,
    private readonly drafts: Drafts,
    private readonly invoices: Invoices,
    private readonly creditNotes: CreditNotes,
    private readonly payments: Payments,
  ) {}

  @Endpoint(contracts.listInvoices)
  page({ query, principal }: Call<typeof contracts.listInvoices>): Promise<unknown> | Answer {
    assertRange(query);
    const { format } = query;
    if (format === undefined) return this.list.page(query, principal.product_id);
    return fileAnswer('invoices', format, Object.keys(Invoice.properties), this.list.all(query, principal.product_id));
  }

  @Endpoint(contracts.readInvoice)
  async read(call: Call<typeof contracts.readInvoice>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    const { as_of } = call.query;
    const { state, version } =
      as_of === undefined
        ? await this.store.load(invoiceStream, id)
        : await this.store.loadAsOf(invoiceStream, id, as_of);
    return new Answer(200, viewInvoice(id, state), { etag: etag(version) });
  }

  @Endpoint(contracts.createInvoice)
  async create(call: Call<typeof contracts.createInvoice>): Promise<Answer> {
    const order = await this.orders.of(call.body, call.principal);
    const id = newId('inv');
    const answer = ({ state, version }: Changed): Answer =>
      new Answer(201, viewInvoice(id, state), { location: `/api/v1/admin/invoices/${id}`, etag: etag(version) });
    return answer(await this.drafts.create(id, order, call.command(answer)));
  }

  @Endpoint(contracts.finalizeInvoice)
  async finalize(call: Call<typeof contracts.finalizeInvoice>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    return shown(id, await this.drafts.finalize(id, { metadata: call.metadata(), expectedVersion: call.if_match }));
  }

  @Endpoint(contracts.voidInvoice)
  async void(call: Call<typeof contracts.voidInvoice>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    const answer = (outcome: Changed): Answer =>
      outcome.state.status === 'deleted' ? new Answer(204, null) : shown(id, outcome);
    const now = this.clock.now().toISOString();
    const { reason = null } = call.body;
    return answer(await this.invoices.handle(id, { type: 'VoidInvoice', reason, now }, call.command(answer)));
  }

  @Endpoint(contracts.markInvoicePaid)
  async markPaid(call: Call<typeof contracts.markInvoicePaid>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    await assertMatches(this.store, invoiceStream, id, call.if_match);
    const { amount = null, currency = null, method, reference = null, paid_at } = call.body;
    const now = this.clock.now().toISOString();
    // A day ahead: banks book to the end of the day, in any time zone.
    if (paid_at !== undefined && paid_at > addDays(now, 1))
      throw new Problem(400, 'VALIDATION_FAILED', '/paid_at is in the future.', {
        errors: [{ pointer: '/paid_at', detail: 'is in the future' }],
      });
    const payment = { amount, currency, method, reference, paid_at: paid_at ?? now };
    await this.payments.recordManual(id, repeatableId(call, 'pay', id), payment, changing(call));
    return this.#present(id);
  }

  @Endpoint(contracts.markInvoiceUncollectible)
  async markUncollectible(call: Call<typeof contracts.markInvoiceUncollectible>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    const answer = (outcome: Changed): Answer => shown(id, outcome);
    return answer(await this.invoices.handle(id, { type: 'MarkUncollectible' }, call.command(answer)));
  }

  @Endpoint(contracts.sendInvoice)
  async send(call: Call<typeof contracts.sendInvoice>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    const answer = (outcome: Changed): Answer => shown(id, outcome);
    const now = this.clock.now().toISOString();
    return answer(await this.invoices.handle(id, { type: 'MarkSent', now }, call.command(answer)));
  }

  @Endpoint(contracts.createCreditNote)
  async credit(call: Call<typeof contracts.createCreditNote>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    await assertMatches(this.store, invoiceStream, id, call.if_match);
    const { amount, lines, reason = null, refund = false } = call.body;
    if (amount !== undefined && lines !== undefined) throw both();
    const credited = lines !== undefined ? { lines } : amount !== undefined ? { amount } : null;
    const credit_note_id = repeatableId(call, 'cn', id);
    const note = await this.creditNotes.issue(id, { credit_note_id, credited, reason, refund }, changing(call));
    const location = `/api/v1/admin/credit-notes/${credit_note_id}`;
    return new Answer(201, viewCreditNote(id, note), { location });
  }

  @Endpoint(contracts.readCreditNote)
  async creditNote({ params, principal }: Call<typeof contracts.readCreditNote>): Promise<Answer> {
    const { invoice, invoice_id, note } = await this.creditNotes.find(params.id);
    if (!seesProduct(principal, invoice.document.product_id)) return refuseInvoice('CREDIT_NOTE_NOT_FOUND');
    return new Answer(200, viewCreditNote(invoice_id, note), { etag: etag(1) });
  }

  @Endpoint(contracts.refundInvoice)
  async refund(call: Call<typeof contracts.refundInvoice>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    await assertMatches(this.store, invoiceStream, id, call.if_match);
    const { amount = null, reason = null } = call.body;
    const refund_id = repeatableId(call, 'ref', id);
    await this.creditNotes.refundInvoice(id, { refund_id, amount, reason }, changing(call));
    return this.#present(id);
  }

  async #present(id: string): Promise<Answer> {
    return shown(id, await this.store.load(invoiceStream, id));
  }

  /** @throws Refusal INVOICE_NOT_FOUND, also for invoices of products that the caller may not see */
  async #visible(id: string, principal: Principal): Promise<void> {
    const { state } = await this.store.load(invoiceStream, id);
    const found = isFinalized(state) ? state.document : state.status === 'draft' ? state : undefined;
    if (found === undefined || !seesProduct(principal, found.product_id)) refuseInvoice('INVOICE_NOT_FOUND');
  }
}

const changing = (call: Pick<Call, 'metadata' | 'if_match'>): Changing => ({
  metadata: call.metadata(),
  if_match: call.if_match,
});

const shown = (id: string, { state, version }: Pick<Changed, 'state' | 'version'>): Answer =>
  new Answer(200, viewInvoice(id, state), { etag: etag(version) });

const both = (): Problem =>
  new Problem(400, 'VALIDATION_FAILED', 'A credit note has an amount or lines, not both.', {
    errors: [{ pointer: '/lines', detail: 'cannot be combined with amount' }],
  });
