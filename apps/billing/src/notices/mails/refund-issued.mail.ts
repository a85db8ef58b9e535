import type { InLocale } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { inCurrency } from '../amount.ts';
import { HELLO, SAMPLE, type ToCustomer } from './customer.ts';

export type RefundIssued = ToCustomer & {
  /** The number of the invoice. */
  readonly number: string;
  readonly amount: InLocale;
};

/** Money went back to the customer. */
export const refundIssued = defineMail<RefundIssued>({
  name: 'refund-issued',
  description: 'To the customer, when money was given back for an invoice.',
  sample: { name: SAMPLE.name, number: 'RE-2026-0042', amount: inCurrency(11_900, 'eur') },
  en: {
    subject: 'Your refund for invoice {{ number }}',
    blocks: [
      HELLO.en,
      paragraph('we have refunded this amount to you. It may take some days to reach your account.'),
      facts({ Invoice: '{{ number }}', Refunded: '{{ amount }}' }),
    ],
  },
  de: {
    subject: 'Ihre Erstattung zu Rechnung {{ number }}',
    blocks: [
      HELLO.de,
      paragraph('wir haben Ihnen diesen Betrag erstattet. Bis er auf Ihrem Konto ist, können einige Tage vergehen.'),
      facts({ Rechnung: '{{ number }}', Erstattet: '{{ amount }}' }),
    ],
  },
});
