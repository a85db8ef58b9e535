import type { Invoice } from '#domain/billing/invoice/invoice';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { CreditNoteIssued, Finalized } from '#domain/billing/invoice/invoice.events';

/** How an invoice is paid, as EN 16931 codes it: SEPA transfer is for euros only. */
const meansOf = ({ provider, currency }: Finalized): InvoiceDocument['payment_means'] => {
  switch (provider) {
    case 'bank_transfer':
      return currency === 'eur' ? '58' : '30';
    case 'stripe':
    case 'hyperswitch':
      return '48';
    default:
      return '1';
  }
};

/** The document of a finalized invoice: all of it was frozen when the invoice was finalized. */
export const documentOf = ({ document }: Pick<Invoice, 'document'>): InvoiceDocument => {
  const { period_start, period_end } = document;
  return {
    kind: 'invoice',
    number: document.number,
    corrects: null,
    seller: document.seller,
    buyer: document.buyer,
    currency: document.currency,
    period: period_start === null || period_end === null ? null : { start: period_start, end: period_end },
    issued_at: document.issued_at,
    due_at: document.due_at,
    po_number: document.po_number,
    prepaid: document.balance_applied,
    notes: document.notes,
    payment_means: meansOf(document),
    reason: null,
    lines: document.lines,
    subtotal: document.subtotal,
    discounts: document.discounts,
    taxes: document.taxes,
    total: document.total,
  };
};

/** The document of a credit note of this invoice: seller, buyer and tax are those of the invoice. */
export const creditNoteDocumentOf = (
  invoice: Pick<Invoice, 'document'>,
  note: Omit<CreditNoteIssued, 'type'>,
): InvoiceDocument => ({
  ...documentOf(invoice),
  kind: 'credit_note',
  number: note.number,
  corrects: note.invoice_number,
  issued_at: note.issued_at,
  due_at: null,
  prepaid: 0,
  payment_means: '1',
  reason: note.reason,
  lines: note.lines,
  subtotal: note.subtotal,
  discounts: note.discounts,
  taxes: note.taxes,
  total: note.total,
});
