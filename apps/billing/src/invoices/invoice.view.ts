import type { CreditNoteIssued } from '#domain/billing/invoice/invoice.events';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import {
  type Draft,
  type Invoice as FinalizedInvoice,
  type InvoiceState,
  isFinalized,
} from '#domain/billing/invoice/invoice';
import type { InvoiceTotals } from '#domain/billing/invoice/invoice.lines';
import type { CreditNote, Invoice } from './invoice.schemas.ts';

/** The API's form of an invoice. @throws Refusal INVOICE_NOT_FOUND */
export const viewInvoice = (id: string, state: InvoiceState): Invoice => {
  if (isFinalized(state)) return viewFinalized(id, state);
  return state.status === 'draft' ? viewDraft(id, state) : refuseInvoice('INVOICE_NOT_FOUND');
};

const viewFinalized = (id: string, state: FinalizedInvoice): Invoice => {
  const { document, status, overdue, amount_due, amount_paid, amount_overpaid, amount_refunded } = state;
  const { paid_at, voided_at, sent_at, next_attempt_at, last_payment_error } = state;
  const { number, biller, reason, subscription_id, subscriber, product_id, customer_id, seller, buyer } = document;
  const { currency, balance_applied, period_start, period_end, issued_at, due_at, po_number, notes } = document;
  return {
    id,
    number,
    status,
    overdue,
    biller,
    reason,
    subscription_id,
    subscriber,
    product_id,
    customer_id,
    seller: { ...seller, tax_ids: [...seller.tax_ids] },
    buyer: buyer && { ...buyer, tax_ids: [...buyer.tax_ids] },
    currency,
    ...viewTotals(document),
    balance_applied,
    amount_paid,
    amount_overpaid,
    amount_refunded,
    amount_due,
    period_start,
    period_end,
    issued_at,
    due_at,
    paid_at,
    voided_at,
    sent_at,
    next_attempt_at,
    po_number,
    notes: [...notes],
    provider: document.provider,
    provider_id: null,
    last_payment_error,
    disputed: false,
    credit_notes: [...state.credit_notes].map(([note_id, note]) => ({
      id: note_id,
      number: 'number' in note ? note.number : null,
      total: note.total,
    })),
  };
};

const viewDraft = (id: string, draft: Draft): Invoice => {
  const { reason, subscription_id, subscriber, product_id, customer_id, currency, period, po_number, provider } = draft;
  return {
    id,
    number: null,
    status: 'draft',
    overdue: false,
    biller: 'keyledger',
    reason,
    subscription_id,
    subscriber,
    product_id,
    customer_id,
    seller: null,
    buyer: null,
    currency,
    ...viewTotals(draft.totals),
    balance_applied: 0,
    amount_paid: 0,
    amount_overpaid: 0,
    amount_refunded: 0,
    amount_due: draft.totals.total,
    period_start: period?.start ?? null,
    period_end: period?.end ?? null,
    issued_at: null,
    due_at: null,
    paid_at: null,
    voided_at: null,
    sent_at: null,
    next_attempt_at: null,
    po_number,
    notes: [],
    provider,
    provider_id: null,
    last_payment_error: null,
    disputed: false,
    credit_notes: [],
  };
};

const viewTotals = ({ lines, subtotal, discounts, taxes, total }: InvoiceTotals) => ({
  lines: [...lines],
  subtotal,
  discounts: [...discounts],
  taxes: [...taxes],
  total,
});

/** The API's form of a credit note. */
export const viewCreditNote = (invoice_id: string, note: Omit<CreditNoteIssued, 'type'>): CreditNote => {
  const { credit_note_id: id, number, invoice_number, currency, issued_at, reason, refund } = note;
  const { due_reduced, to_balance, to_refund } = note;
  return {
    id,
    invoice_id,
    number,
    invoice_number,
    currency,
    ...viewTotals(note),
    issued_at,
    reason,
    refund,
    due_reduced,
    to_balance,
    to_refund,
  };
};
