import { documentOf as finalizedOf } from '#domain/testing/invoice.given';
import type { CreditNoteIssued } from '#domain/billing/invoice/invoice.events';
import { creditNoteDocumentOf, documentOf } from './document-of.ts';

const note: Omit<CreditNoteIssued, 'type'> = {
  ...finalizedOf(),
  credit_note_id: 'cn_1',
  number: 'CN-2026-00001',
  invoice_number: 'INV-2026-00001',
  issued_at: '2026-03-01T00:00:00.000Z',
  reason: 'Not used',
  refund: false,
  due_reduced: 0,
  to_balance: 10_000,
  to_refund: 0,
};

it.each([
  ['bank_transfer', 'eur', '58'],
  ['bank_transfer', 'usd', '30'],
  ['stripe', 'eur', '48'],
  ['hyperswitch', 'eur', '48'],
  ['btcpay', 'sats', '1'],
  ['none', 'eur', '1'],
])('an invoice that is paid by %s in %s has the means %s', (provider, currency, expected) => {
  expect(documentOf({ document: finalizedOf({ provider, currency }) }).payment_means).toBe(expected);
});

it('what the balance paid is prepaid', () => {
  const document = finalizedOf({ balance_applied: 2_000, amount_due: 8_000 });
  expect(documentOf({ document })).toMatchObject({ kind: 'invoice', prepaid: 2_000, total: 10_000, period: null });
});

it('a period is shown if both its ends are known', () => {
  const [start, end] = ['2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];
  const document = finalizedOf({ period_start: start, period_end: end });
  expect(documentOf({ document }).period).toEqual({ start, end });
});

it('a credit note has the parties and texts of its invoice, and asks for no payment', () => {
  const document = finalizedOf({ notes: ['Reverse charge'], balance_applied: 500, po_number: 'PO-7' });
  expect(creditNoteDocumentOf({ document }, note)).toMatchObject({
    kind: 'credit_note',
    number: 'CN-2026-00001',
    corrects: 'INV-2026-00001',
    seller: document.seller,
    buyer: document.buyer,
    notes: ['Reverse charge'],
    po_number: 'PO-7',
    reason: 'Not used',
    prepaid: 0,
    due_at: null,
    payment_means: '1',
  });
});
