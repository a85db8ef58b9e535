import { type InLocale, onDay } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { HELLO, type OnSubscription, SAMPLE } from './customer.ts';

export type SubscriptionPaused = OnSubscription & {
  /** When it goes on by itself; null = when it is resumed. */
  readonly resumes_at: InLocale | null;
};

/** A subscription is paused. */
export const subscriptionPaused = defineMail<SubscriptionPaused>({
  name: 'subscription-paused',
  description: 'To the customer, when a subscription is paused.',
  sample: { ...SAMPLE, resumes_at: onDay('2027-01-29T09:30:00.000Z') },
  en: {
    subject: 'Your subscription to {{ product }} is paused',
    blocks: [
      HELLO.en,
      paragraph('your subscription is paused. Nothing is charged during the pause.'),
      facts({ Product: '{{ product }}', Plan: '{{ plan }}', 'Resumes on': '{{ resumes_at }}' }),
    ],
  },
  de: {
    subject: 'Ihr Abonnement von {{ product }} pausiert',
    blocks: [
      HELLO.de,
      paragraph('Ihr Abonnement pausiert. Während der Pause wird nichts berechnet.'),
      facts({ Produkt: '{{ product }}', Tarif: '{{ plan }}', 'Geht weiter am': '{{ resumes_at }}' }),
    ],
  },
});

export type SubscriptionUnpaused = OnSubscription & { readonly period_end: InLocale };

/** A paused subscription goes on. */
export const subscriptionUnpaused = defineMail<SubscriptionUnpaused>({
  name: 'subscription-unpaused',
  description: 'To the customer, when a paused subscription goes on.',
  sample: { ...SAMPLE, period_end: onDay('2027-02-28T09:30:00.000Z') },
  en: {
    subject: 'Your subscription to {{ product }} goes on',
    blocks: [
      HELLO.en,
      paragraph('the pause of your subscription is over.'),
      facts({ Product: '{{ product }}', Plan: '{{ plan }}', 'Period ends on': '{{ period_end }}' }),
    ],
  },
  de: {
    subject: 'Ihr Abonnement von {{ product }} geht weiter',
    blocks: [
      HELLO.de,
      paragraph('die Pause Ihres Abonnements ist vorbei.'),
      facts({ Produkt: '{{ product }}', Tarif: '{{ plan }}', 'Zeitraum endet am': '{{ period_end }}' }),
    ],
  },
});
