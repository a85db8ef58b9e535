import type { Finalized } from '#domain/billing/invoice/invoice.events';
import type { NumberSeries } from '#domain/billing/invoice/number';
import type { InvoiceReason } from '#domain/billing/invoice/invoice.request';
import type { InvoiceStatus } from '#domain/billing/invoice/invoice';
import { bigint, boolean, integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Invoices as they are searched and collected. What they show is read from their streams. */
export const invoicesTable = defineTable(
  'invoices',
  {
    id: text().key(),
    version: integer(),
    number: text().orNull(),
    status: text<InvoiceStatus>(),
    customer_id: text(),
    subscription_id: text().orNull(),
    subscriber: text().orNull(),
    product_id: text().orNull(),
    reason: text<InvoiceReason>(),
    biller: text<Finalized['biller']>(),
    provider: text(),
    currency: text(),
    total: bigint(),
    amount_due: bigint(),
    amount_paid: bigint(),
    amount_refunded: bigint(),
    /** Nothing of what was paid is left. */
    refunded: boolean(),
    overdue: boolean(),
    issued_at: time().orNull(),
    due_at: time().orNull(),
    paid_at: time().orNull(),
    /** Number of the next attempt to collect the payment: 0, 1, … */
    attempt: integer(),
    next_attempt_at: time().orNull(),
    last_payment_error: text().orNull(),
  },
  {
    indices: [
      { name: 'invoices_customer_id', columns: ['customer_id', 'id'] },
      { name: 'invoices_subscription_id', columns: ['subscription_id', 'id'], where: 'subscription_id is not null' },
      { name: 'invoices_subscriber', columns: ['subscriber', 'id'], where: 'subscriber is not null' },
      // Numbers of other billers are theirs to keep apart.
      { name: 'invoices_number', columns: ['number'], unique: true, where: "biller = 'keyledger'" },
      { name: 'invoices_issued_at', columns: ['issued_at', 'id'] },
      { name: 'invoices_due_at', columns: ['due_at'], where: "status = 'open' and not overdue" },
      { name: 'invoices_next_attempt_at', columns: ['next_attempt_at'], where: 'next_attempt_at is not null' },
    ],
  },
);
export type InvoiceRow = RowOf<typeof invoicesTable>;

/** Documents that are being finalized: what a crash leaves here is finished by `finish-finalizing`. */
export const unfinishedDocumentsTable = defineTable(
  'unfinished_documents',
  {
    document_id: text().key(),
    invoice_id: text(),
    series: text<NumberSeries>(),
    since: time(),
  },
  { indices: [{ name: 'unfinished_documents_since', columns: ['since'] }] },
);
export type UnfinishedDocumentRow = RowOf<typeof unfinishedDocumentsTable>;

/** Credit notes as they are found by their ids, and listed in the journal. */
export const creditNotesTable = defineTable(
  'credit_notes',
  {
    id: text().key(),
    invoice_id: text(),
    customer_id: text(),
    number: text(),
    currency: text(),
    total: bigint(),
    issued_at: time(),
  },
  {
    indices: [
      { name: 'credit_notes_number', columns: ['number'], unique: true },
      { name: 'credit_notes_customer_id', columns: ['customer_id', 'id'] },
      { name: 'credit_notes_issued_at', columns: ['issued_at', 'id'] },
    ],
  },
);
export type CreditNoteRow = RowOf<typeof creditNotesTable>;

/** Refunds, until they have succeeded or failed and after. */
export const refundsTable = defineTable(
  'refunds',
  {
    id: text().key(),
    invoice_id: text(),
    payment_id: text(),
    amount: bigint(),
    status: text<'pending' | 'succeeded' | 'failed'>(),
    error: text().orNull(),
    since: time(),
  },
  {
    indices: [
      { name: 'refunds_invoice_id', columns: ['invoice_id'] },
      { name: 'refunds_since', columns: ['since'], where: "status = 'pending'" },
    ],
  },
);
export type RefundRow = RowOf<typeof refundsTable>;
