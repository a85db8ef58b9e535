import type { InLocale } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { inCurrency } from '../amount.ts';
import { ACCOUNT_SAMPLE, type BankAccount, TRANSFER } from './bank.ts';
import { HELLO, type OnSubscription, SAMPLE } from './customer.ts';

export type AccessSuspended = OnSubscription &
  BankAccount & {
    readonly number: string | null;
    readonly amount_due: InLocale | null;
  };

/** The grace period of an unpaid invoice is over. The invoice is attached as a PDF. */
export const accessSuspended = defineMail<AccessSuspended>({
  name: 'access-suspended',
  description: 'To the customer, when the grace period of an unpaid invoice has ended.',
  sample: { ...SAMPLE, number: 'RE-2026-0042', amount_due: inCurrency(11_900, 'eur'), ...ACCOUNT_SAMPLE },
  en: {
    subject: 'Your access to {{ product }} is suspended',
    blocks: [
      HELLO.en,
      paragraph('an invoice is still not paid, so your license for {{ product }} ({{ plan }}) is suspended.'),
      facts({ Invoice: '{{ number }}', 'Amount due': '{{ amount_due }}' }),
      ...TRANSFER.en,
      paragraph('The license works again as soon as the payment arrives.'),
    ],
  },
  de: {
    subject: 'Ihr Zugang zu {{ product }} ist gesperrt',
    blocks: [
      HELLO.de,
      paragraph('eine Rechnung ist immer noch offen. Deshalb ist Ihre Lizenz für {{ product }} ({{ plan }}) gesperrt.'),
      facts({ Rechnung: '{{ number }}', 'Offener Betrag': '{{ amount_due }}' }),
      ...TRANSFER.de,
      paragraph('Die Lizenz funktioniert wieder, sobald die Zahlung eingeht.'),
    ],
  },
});
