import type { InLocale } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { inCurrency } from '../amount.ts';
import { HELLO, SAMPLE, type ToCustomer } from './customer.ts';

export type CreditNoteIssued = ToCustomer & {
  readonly number: string;
  /** The number of the invoice that it corrects. */
  readonly invoice: string;
  readonly total: InLocale;
  /** The part that is refunded; null = none. */
  readonly to_refund: InLocale | null;
  /** The part that is kept as a credit for the next invoices; null = none. */
  readonly to_balance: InLocale | null;
};

/** A credit note, attached as a PDF. */
export const creditNoteIssued = defineMail<CreditNoteIssued>({
  name: 'credit-note-issued',
  description: 'To the customer, with a credit note.',
  sample: {
    name: SAMPLE.name,
    number: 'GS-2026-0007',
    invoice: 'RE-2026-0042',
    total: inCurrency(11_900, 'eur'),
    to_refund: inCurrency(10_000, 'eur'),
    to_balance: inCurrency(1_900, 'eur'),
  },
  en: {
    subject: 'Credit note {{ number }}',
    blocks: [
      HELLO.en,
      paragraph('your credit note is attached as a PDF.'),
      facts({
        'Credit note': '{{ number }}',
        'For invoice': '{{ invoice }}',
        Amount: '{{ total }}',
        'Will be refunded': '{{ to_refund }}',
        'Credit for your next invoices': '{{ to_balance }}',
      }),
    ],
  },
  de: {
    subject: 'Gutschrift {{ number }}',
    blocks: [
      HELLO.de,
      paragraph('Ihre Gutschrift liegt dieser Mail als PDF bei.'),
      facts({
        Gutschrift: '{{ number }}',
        'Zu Rechnung': '{{ invoice }}',
        Betrag: '{{ total }}',
        'Wird erstattet': '{{ to_refund }}',
        'Guthaben für Ihre nächsten Rechnungen': '{{ to_balance }}',
      }),
    ],
  },
});
