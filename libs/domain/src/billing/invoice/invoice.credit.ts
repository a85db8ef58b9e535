import type { Time } from '../../shared/time.ts';
import { refuseInvoice } from './invoice.errors.ts';
import type { CreditNoteIssued, InvoiceEvent } from './invoice.events.ts';
import { amountKept, type CanPay, ofInvoice, paid, voided } from './invoice.facts.ts';
import type { InvoiceTotals } from './invoice.lines.ts';
import type { Invoice } from './invoice.ts';

/** Reserves a part of the invoice for a credit note, which then gets its number. */
export type RequestCreditNote = {
  readonly type: 'RequestCreditNote';
  readonly credit_note_id: string;
  /** What it credits; positive amounts. */
  readonly totals: InvoiceTotals;
  readonly reason: string | null;
  /** Money that was paid is refunded; else it is given to the customer's balance. */
  readonly refund: boolean;
  readonly now: Time;
};

export type IssueCreditNote = {
  readonly type: 'IssueCreditNote';
  readonly credit_note_id: string;
  readonly number: string;
  readonly series_year: number;
  readonly issued_at: Time;
} & CanPay;

export const requestCreditNote = (command: RequestCreditNote, state: Invoice): readonly InvoiceEvent[] => {
  const { type: _type, totals, now, ...note } = command;
  if (state.credit_notes.has(note.credit_note_id)) return [];
  if (state.status === 'void') return refuseInvoice('INVOICE_VOID');
  if (!Number.isSafeInteger(totals.total) || totals.total <= 0) return refuseInvoice('INVALID_AMOUNT');
  const rest = creditable(state);
  if (totals.total > rest) return refuseInvoice('CREDIT_EXCEEDS_INVOICE', { creditable: rest });
  return [{ type: 'credit_note.requested', ...totals, ...note, requested_at: now }];
};

/** What credit notes may still credit. */
export const creditable = ({ document, amount_credited }: Invoice): number =>
  Math.max(0, document.total - amount_credited);

export const issueCreditNote = (command: IssueCreditNote, state: Invoice): readonly InvoiceEvent[] => {
  const { credit_note_id, number, series_year, issued_at } = command;
  const note = state.credit_notes.get(credit_note_id);
  if (note === undefined) return refuseInvoice('CREDIT_NOTE_NOT_FOUND');
  if ('number' in note) return [];
  const { total, reason, refund } = note;
  const isOwed = state.status === 'open' || state.status === 'uncollectible';
  const due_reduced = isOwed ? Math.min(total, state.amount_due) : 0;
  const given_back = total - due_reduced;
  // What the customer's balance paid for is given back to the balance: there is no payment to refund it to.
  const to_refund = refund ? Math.min(given_back, Math.max(0, amountKept(state) - refunding(state))) : 0;
  const amount_due = state.amount_due - due_reduced;
  const { number: invoice_number, reason: _reason, total: _total, ...of } = ofInvoice(state);
  const issued: CreditNoteIssued = {
    type: 'credit_note.issued',
    ...of,
    credit_note_id,
    number,
    series_year,
    invoice_number,
    lines: note.lines,
    subtotal: note.subtotal,
    discounts: note.discounts,
    taxes: note.taxes,
    total,
    issued_at,
    reason,
    refund,
    due_reduced,
    to_balance: given_back - to_refund,
    to_refund,
    amount_due,
  };
  if (!isOwed || amount_due > 0) return [issued];
  // Nothing is due any more. Without any payment nothing was sold, so nothing must be delivered.
  return [issued, isUnpaid(state) ? voided(state, 'credited', issued_at) : paid(state.document, issued_at, command)];
};

const isUnpaid = (state: Invoice): boolean => amountKept(state) === 0 && state.document.balance_applied <= 0;

const refunding = ({ payments }: Invoice): number =>
  [...payments.values()].reduce((sum, payment) => sum + payment.refunding, 0);
