import { type InLocale, onDay } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { inCurrency } from '../amount.ts';
import { ACCOUNT_SAMPLE, type BankAccount, TRANSFER } from './bank.ts';
import { HELLO, SAMPLE, type ToCustomer } from './customer.ts';

export type InvoiceIssued = ToCustomer &
  BankAccount & {
    readonly number: string;
    readonly total: InLocale;
    /** What is left to pay; null = nothing. */
    readonly amount_due: InLocale | null;
    readonly due_at: InLocale | null;
  };

/** An invoice, attached as a PDF. */
export const invoiceIssued = defineMail<InvoiceIssued>({
  name: 'invoice-issued',
  description: 'To the customer, with an invoice: when it is finalized and paid by bank transfer, or when it is sent.',
  sample: {
    name: SAMPLE.name,
    number: 'RE-2026-0042',
    total: inCurrency(11_900, 'eur'),
    amount_due: inCurrency(11_900, 'eur'),
    due_at: onDay('2026-12-05T09:30:00.000Z'),
    ...ACCOUNT_SAMPLE,
  },
  en: {
    subject: 'Invoice {{ number }}',
    blocks: [
      HELLO.en,
      paragraph('your invoice is attached as a PDF.'),
      facts({
        Invoice: '{{ number }}',
        Total: '{{ total }}',
        'Amount due': '{{ amount_due }}',
        'Due on': '{% if amount_due %}{{ due_at }}{% endif %}',
      }),
      ...TRANSFER.en,
    ],
  },
  de: {
    subject: 'Rechnung {{ number }}',
    blocks: [
      HELLO.de,
      paragraph('Ihre Rechnung liegt dieser Mail als PDF bei.'),
      facts({
        Rechnung: '{{ number }}',
        Gesamtbetrag: '{{ total }}',
        'Offener Betrag': '{{ amount_due }}',
        'Fällig am': '{% if amount_due %}{{ due_at }}{% endif %}',
      }),
      ...TRANSFER.de,
    ],
  },
});
