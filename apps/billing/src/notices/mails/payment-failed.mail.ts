import { type InLocale, onDay } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { inCurrency } from '../amount.ts';
import { HELLO, SAMPLE, type ToCustomer } from './customer.ts';

export type PaymentFailed = ToCustomer & {
  readonly number: string;
  readonly amount: InLocale;
  /** When the payment is tried again by itself; null = not at all. */
  readonly next_attempt_at: InLocale | null;
  /** The bank wants the customer to confirm the payment. */
  readonly action: boolean;
};

/** A payment was declined. */
export const paymentFailed = defineMail<PaymentFailed>({
  name: 'payment-failed',
  description: 'To the customer, when the payment of an invoice failed.',
  sample: {
    name: SAMPLE.name,
    number: 'RE-2026-0042',
    amount: inCurrency(11_900, 'eur'),
    next_attempt_at: onDay('2026-12-01T09:30:00.000Z'),
    action: false,
  },
  en: {
    subject: 'The payment of invoice {{ number }} failed',
    blocks: [
      HELLO.en,
      paragraph('we could not collect the payment of this invoice.'),
      facts({ Invoice: '{{ number }}', 'Amount due': '{{ amount }}', 'Next attempt on': '{{ next_attempt_at }}' }),
      paragraph(
        '{% if action %}Your bank asks you to confirm it. {% endif %}Please check your payment method. If you have paid in the meantime, there is nothing to do.',
      ),
    ],
  },
  de: {
    subject: 'Die Zahlung von Rechnung {{ number }} ist fehlgeschlagen',
    blocks: [
      HELLO.de,
      paragraph('die Zahlung dieser Rechnung konnte nicht eingezogen werden.'),
      facts({
        Rechnung: '{{ number }}',
        'Offener Betrag': '{{ amount }}',
        'Nächster Versuch am': '{{ next_attempt_at }}',
      }),
      paragraph(
        '{% if action %}Ihre Bank bittet Sie, sie zu bestätigen. {% endif %}Bitte prüfen Sie Ihr Zahlungsmittel. Falls Sie inzwischen bezahlt haben, ist nichts weiter zu tun.',
      ),
    ],
  },
});
