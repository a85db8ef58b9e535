import { type InLocale, onDay } from '#platform/mail/language';
import { defineMail, facts, paragraph } from '#platform/mail/template';
import { HELLO, type OnSubscription, SAMPLE } from './customer.ts';

export type TrialEnding = OnSubscription & { readonly trial_end: InLocale };

/** A trial ends within three days. */
export const trialEnding = defineMail<TrialEnding>({
  name: 'trial-ending',
  description: 'To the customer, three days before a trial ends.',
  sample: { ...SAMPLE, trial_end: onDay('2026-12-05T09:30:00.000Z') },
  en: {
    subject: 'Your trial of {{ product }} ends on {{ trial_end }}',
    blocks: [
      HELLO.en,
      paragraph('your trial of {{ product }} ends soon. After that your subscription begins, and it is charged.'),
      facts({ Product: '{{ product }}', Plan: '{{ plan }}', 'Trial ends on': '{{ trial_end }}' }),
      paragraph('If you do not want to go on, cancel before that day: then nothing is charged.'),
    ],
  },
  de: {
    subject: 'Ihre Testphase von {{ product }} endet am {{ trial_end }}',
    blocks: [
      HELLO.de,
      paragraph('Ihre Testphase von {{ product }} endet bald. Danach beginnt Ihr Abonnement, und es wird berechnet.'),
      facts({ Produkt: '{{ product }}', Tarif: '{{ plan }}', 'Testphase endet am': '{{ trial_end }}' }),
      paragraph('Wenn Sie nicht weitermachen möchten, kündigen Sie vor diesem Tag: dann wird nichts berechnet.'),
    ],
  },
});
