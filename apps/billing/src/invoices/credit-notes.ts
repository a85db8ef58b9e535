import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Credited, creditTotals } from '#domain/billing/invoice/credit.totals';
import { creditable } from '#domain/billing/invoice/invoice.credit';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import type { CreditNoteIssued } from '#domain/billing/invoice/invoice.events';
import type { Invoice } from '#domain/billing/invoice/invoice';
import { sellsLicenses } from '#domain/billing/invoice/invoice.facts';
import { refundable } from '#domain/billing/invoice/invoice.refunds';
import { derivedId } from '#domain/shared/id';
import type { EventMetadata } from '#events/event';
import { type Clock, CLOCK } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { type Changing, expecting } from '../if-match.ts';
import { creditNotesTable } from './invoice.tables.ts';
import { Invoices } from './invoices.ts';
import { Numbers } from './numbers.ts';
import { InvoiceParties } from './parties.ts';
import { type RefundRequest, Refunds } from './refunds.ts';

export interface WantedCreditNote {
  /** The same id is issued once. */
  readonly credit_note_id: string;
  /** null = all that is left. */
  readonly credited: Credited | null;
  readonly reason: string | null;
  /** Money that was paid is refunded; else it is given to the customer's balance. */
  readonly refund: boolean;
}

/** Issues credit notes, and refunds invoices with them. */
@Injectable()
export class CreditNotes {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly invoices: Invoices,
    private readonly parties: InvoiceParties,
    private readonly numbers: Numbers,
    private readonly refunds: Refunds,
  ) {}

  /**
   * @throws Refusal CREDIT_EXCEEDS_INVOICE, INVALID_AMOUNT, INVOICE_VOID, INVOICE_OF_PROVIDER, INVOICE_NOT_FINALIZED,
   * INVOICE_NOT_FOUND
   */
  async issue(
    invoice_id: string,
    { credit_note_id, credited, reason, refund }: WantedCreditNote,
    { metadata, if_match }: Changing,
  ): Promise<Omit<CreditNoteIssued, 'type'>> {
    const invoice = await this.invoices.existing(invoice_id);
    // Repeated after a crash: what was left then is in the note.
    if (invoice.credit_notes.has(credit_note_id)) return this.finish(invoice_id, credit_note_id, metadata);
    const totals = creditTotals(invoice.document, credited ?? restOf(invoice));
    const now = this.clock.now().toISOString();
    await this.invoices.handle(
      invoice_id,
      { type: 'RequestCreditNote', credit_note_id, totals, reason, refund, now },
      { metadata, ...expecting(if_match) },
    );
    return this.finish(invoice_id, credit_note_id, metadata);
  }

  /** A credit note that has its number, with its invoice. @throws Refusal CREDIT_NOTE_NOT_FOUND */
  async find(credit_note_id: string): Promise<{
    readonly invoice_id: string;
    readonly invoice: Invoice;
    readonly note: Omit<CreditNoteIssued, 'type'>;
  }> {
    const row = await this.database.orm.getRepository(creditNotesTable).findOneBy({ id: credit_note_id });
    const invoice = row === null ? undefined : await this.invoices.find(row.invoice_id);
    const note = invoice?.credit_notes.get(credit_note_id);
    if (row === null || invoice === undefined || note === undefined || !('number' in note))
      return refuseInvoice('CREDIT_NOTE_NOT_FOUND');
    return { invoice_id: row.invoice_id, invoice, note };
  }

  /** Gives a requested credit note its number, and does what it says. Each part happens once. */
  async finish(
    invoice_id: string,
    credit_note_id: string,
    metadata: EventMetadata,
  ): Promise<Omit<CreditNoteIssued, 'type'>> {
    const { document: of, credit_notes } = await this.invoices.existing(invoice_id);
    const before = credit_notes.get(credit_note_id);
    if (before === undefined) return refuseInvoice('CREDIT_NOTE_NOT_FOUND');
    if ('number' in before) {
      await this.refund(invoice_id, before, metadata);
      return before;
    }
    const issued_at = this.clock.now().toISOString();
    const prefix = await this.parties.prefix();
    const document = { document_id: credit_note_id, invoice_id, issued_at, request: null };
    const assigned = (await this.numbers.assign('credit_note', prefix, [document], metadata)).get(credit_note_id);
    if (assigned === undefined) throw new Error(`${credit_note_id} got no number`);
    const { number, year: series_year } = assigned;
    const recipient_sealed = sellsLicenses(of) ? await this.parties.recipient(of.customer_id, invoice_id) : null;
    const issue = { credit_note_id, number, series_year, issued_at: assigned.issued_at, recipient_sealed };
    await this.invoices.handle(invoice_id, { type: 'IssueCreditNote', ...issue }, { metadata });
    return this.finish(invoice_id, credit_note_id, metadata);
  }

  /** Refunds what a credit note says. It happens once. */
  async refund(
    invoice_id: string,
    { credit_note_id, to_refund: amount, reason }: Pick<CreditNoteIssued, 'credit_note_id' | 'to_refund' | 'reason'>,
    metadata: EventMetadata,
  ): Promise<void> {
    if (amount <= 0) return;
    const refund_id = derivedId('ref', createHash('sha256').update(`refund of ${credit_note_id}`).digest());
    await this.refunds.request(invoice_id, { refund_id, amount, reason }, { metadata });
  }

  /**
   * Gives back what was paid for an invoice, the newest payment first. A credit note corrects a paid invoice by the same
   * amount.
   * @throws Refusal REFUND_EXCEEDS_PAYMENT, INVALID_AMOUNT; Problem PAYMENT_PROVIDER_UNAVAILABLE
   */
  async refundInvoice(invoice_id: string, request: RefundRequest, changing: Changing): Promise<void> {
    const { metadata } = changing;
    const invoice = await this.invoices.existing(invoice_id);
    const { refund_id, reason } = request;
    const credit_note_id = derivedId('cn', createHash('sha256').update(`credit note of ${refund_id}`).digest());
    // Repeated after a crash: all may have been refunded.
    if (invoice.credit_notes.has(credit_note_id)) {
      await this.finish(invoice_id, credit_note_id, metadata);
      return;
    }
    // Stripe corrects the invoices that it made.
    if (invoice.status !== 'paid' || invoice.document.biller === 'stripe')
      return this.refunds.request(invoice_id, request, changing);
    const available = refundable(invoice);
    const amount = request.amount ?? available;
    if (amount > available || amount === 0) refuseInvoice('REFUND_EXCEEDS_PAYMENT', { refundable: available });
    await this.issue(invoice_id, { credit_note_id, credited: { amount }, reason, refund: true }, changing);
  }
}

const restOf = (invoice: Invoice): Credited => {
  const rest = creditable(invoice);
  return rest === 0 ? refuseInvoice('CREDIT_EXCEEDS_INVOICE', { creditable: rest }) : { amount: rest };
};
