import { type InLocale, onDay } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { inCurrency } from '../amount.ts';
import { ACCOUNT_SAMPLE, type BankAccount, TRANSFER } from './bank.ts';
import { HELLO, type OnSubscription, SAMPLE } from './customer.ts';

export type PaymentReminder = OnSubscription &
  BankAccount & {
    readonly number: string | null;
    readonly amount_due: InLocale | null;
    readonly due_at: InLocale | null;
    /** Days since the invoice became past due: 0 = today. */
    readonly day: number;
  };

/** A step of dunning: an invoice of a subscription is past due. The invoice is attached as a PDF. */
export const paymentReminder = defineMail<PaymentReminder>({
  name: 'payment-reminder',
  description: 'To the customer, at each step of the reminders of an invoice that is past due.',
  sample: {
    ...SAMPLE,
    number: 'RE-2026-0042',
    amount_due: inCurrency(11_900, 'eur'),
    due_at: onDay('2026-12-05T09:30:00.000Z'),
    day: 3,
    ...ACCOUNT_SAMPLE,
  },
  en: {
    subject: 'Reminder: invoice {{ number }} is not paid yet',
    blocks: [
      HELLO.en,
      paragraph(
        'an invoice of your subscription to {{ product }} ({{ plan }}) is not paid yet{% if day > 0 %}: it has been past due for {{ day }} {% if day == 1 %}day{% else %}days{% endif %}{% endif %}.',
      ),
      facts({ Invoice: '{{ number }}', 'Amount due': '{{ amount_due }}', 'Due on': '{{ due_at }}' }),
      ...TRANSFER.en,
      paragraph('If you have paid in the meantime, there is nothing to do.'),
    ],
  },
  de: {
    subject: 'Erinnerung: Rechnung {{ number }} ist noch offen',
    blocks: [
      HELLO.de,
      paragraph(
        'eine Rechnung Ihres Abonnements von {{ product }} ({{ plan }}) ist noch offen{% if day > 0 %}: sie ist seit {{ day }} {% if day == 1 %}Tag{% else %}Tagen{% endif %} überfällig{% endif %}.',
      ),
      facts({ Rechnung: '{{ number }}', 'Offener Betrag': '{{ amount_due }}', 'Fällig am': '{{ due_at }}' }),
      ...TRANSFER.de,
      paragraph('Falls Sie inzwischen bezahlt haben, ist nichts weiter zu tun.'),
    ],
  },
});
