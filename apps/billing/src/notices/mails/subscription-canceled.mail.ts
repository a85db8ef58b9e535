import { type InLocale, onDay } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { HELLO, type OnSubscription, SAMPLE } from './customer.ts';

export type CancellationConfirmed = OnSubscription & { readonly ends_at: InLocale | null };

/** A subscription will end with its period. */
export const cancellationConfirmed = defineMail<CancellationConfirmed>({
  name: 'cancellation-confirmed',
  description: 'To the customer, when a subscription is canceled for the end of its period.',
  sample: { ...SAMPLE, ends_at: onDay('2026-12-29T09:30:00.000Z') },
  en: {
    subject: 'Your cancellation of {{ product }}',
    blocks: [
      HELLO.en,
      paragraph('we confirm your cancellation. Your subscription works until the end of its period.'),
      facts({ Product: '{{ product }}', Plan: '{{ plan }}', 'Ends on': '{{ ends_at }}' }),
    ],
  },
  de: {
    subject: 'Ihre Kündigung von {{ product }}',
    blocks: [
      HELLO.de,
      paragraph('wir bestätigen Ihre Kündigung. Ihr Abonnement läuft bis zum Ende seines Zeitraums.'),
      facts({ Produkt: '{{ product }}', Tarif: '{{ plan }}', 'Endet am': '{{ ends_at }}' }),
    ],
  },
});

export type SubscriptionCanceled = OnSubscription & {
  /** It ended because it was not paid. */
  readonly unpaid: boolean;
};

/** A subscription has ended. */
export const subscriptionCanceled = defineMail<SubscriptionCanceled>({
  name: 'subscription-canceled',
  description: 'To the customer, when a subscription has ended by a cancellation, or because it was not paid.',
  sample: { ...SAMPLE, unpaid: false },
  en: {
    subject: 'Your subscription to {{ product }} has ended',
    blocks: [
      HELLO.en,
      paragraph(
        'your subscription has ended{% if unpaid %}, because it was not paid{% endif %}. Nothing more is charged for it.',
      ),
      facts({ Product: '{{ product }}', Plan: '{{ plan }}' }),
    ],
  },
  de: {
    subject: 'Ihr Abonnement von {{ product }} ist beendet',
    blocks: [
      HELLO.de,
      paragraph(
        'Ihr Abonnement ist beendet{% if unpaid %}, weil es nicht bezahlt wurde{% endif %}. Es wird dafür nichts mehr berechnet.',
      ),
      facts({ Produkt: '{{ product }}', Tarif: '{{ plan }}' }),
    ],
  },
});
