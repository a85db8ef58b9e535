import { type InLocale, onDay } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { inCurrency } from '../amount.ts';
import { HELLO, type OnSubscription, SAMPLE } from './customer.ts';

export type RenewalUpcoming = OnSubscription & {
  readonly renews_at: InLocale;
  readonly amount: InLocale;
};

/** A subscription that is billed by the year renews soon. */
export const renewalUpcoming = defineMail<RenewalUpcoming>({
  name: 'renewal-upcoming',
  description: 'To the customer, before a yearly subscription renews.',
  sample: { ...SAMPLE, renews_at: onDay('2026-12-29T09:30:00.000Z'), amount: inCurrency(99_000, 'eur') },
  en: {
    subject: 'Your subscription to {{ product }} renews on {{ renews_at }}',
    blocks: [
      HELLO.en,
      paragraph('your yearly subscription renews soon.'),
      facts({
        Product: '{{ product }}',
        Plan: '{{ plan }}',
        'Renews on': '{{ renews_at }}',
        Amount: '{{ amount }}',
      }),
      paragraph('If you do not want it to renew, cancel before that day.'),
    ],
  },
  de: {
    subject: 'Ihr Abonnement von {{ product }} verlängert sich am {{ renews_at }}',
    blocks: [
      HELLO.de,
      paragraph('Ihr Jahresabonnement verlängert sich bald.'),
      facts({
        Produkt: '{{ product }}',
        Tarif: '{{ plan }}',
        'Verlängert sich am': '{{ renews_at }}',
        Betrag: '{{ amount }}',
      }),
      paragraph('Wenn es sich nicht verlängern soll, kündigen Sie vor diesem Tag.'),
    ],
  },
});
