import type { InLocale } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { inCurrency } from '../amount.ts';
import { HELLO, SAMPLE, type ToCustomer } from './customer.ts';

export type PaymentReceived = ToCustomer & {
  readonly number: string;
  readonly total: InLocale;
};

/** An invoice is paid, by a payment or by the customer's balance. The invoice is attached as a PDF. */
export const paymentReceived = defineMail<PaymentReceived>({
  name: 'payment-received',
  description: 'To the customer, when an invoice is paid.',
  sample: { name: SAMPLE.name, number: 'RE-2026-0042', total: inCurrency(11_900, 'eur') },
  en: {
    subject: 'Invoice {{ number }} is paid',
    blocks: [
      HELLO.en,
      paragraph('thank you: this invoice is paid. It is attached as a PDF.'),
      facts({ Invoice: '{{ number }}', Total: '{{ total }}' }),
    ],
  },
  de: {
    subject: 'Rechnung {{ number }} ist bezahlt',
    blocks: [
      HELLO.de,
      paragraph('vielen Dank: diese Rechnung ist bezahlt. Sie liegt dieser Mail als PDF bei.'),
      facts({ Rechnung: '{{ number }}', Gesamtbetrag: '{{ total }}' }),
    ],
  },
});
