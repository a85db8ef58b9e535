import { defineMail, facts, paragraph } from '#platform/mail/template';
import { HELLO, type OnSubscription, SAMPLE } from './customer.ts';

export type ChangeRefused = OnSubscription & {
  /** More is in use than the new plan allows. */
  readonly in_use: boolean;
};

/** A scheduled change of plan did not fit when it was due. */
export const changeRefused = defineMail<ChangeRefused>({
  name: 'change-refused',
  description: 'To the customer, when a scheduled change of a subscription did not fit when it was due.',
  sample: { ...SAMPLE, in_use: true },
  en: {
    subject: 'Your subscription to {{ product }} was not changed',
    blocks: [
      HELLO.en,
      paragraph(
        'the change that was scheduled for your subscription could not be made{% if in_use %}: more seats or devices are in use than it allows{% endif %}. Your subscription stays as it is.',
      ),
      facts({ Product: '{{ product }}', Plan: '{{ plan }}' }),
      paragraph('{% if in_use %}Release seats or devices, and then schedule the change again.{% endif %}'),
    ],
  },
  de: {
    subject: 'Ihr Abonnement von {{ product }} wurde nicht geändert',
    blocks: [
      HELLO.de,
      paragraph(
        'die geplante Änderung Ihres Abonnements war nicht möglich{% if in_use %}: es sind mehr Plätze oder Geräte in Benutzung, als sie erlaubt{% endif %}. Ihr Abonnement bleibt, wie es ist.',
      ),
      facts({ Produkt: '{{ product }}', Tarif: '{{ plan }}' }),
      paragraph(
        '{% if in_use %}Geben Sie Plätze oder Geräte frei, und planen Sie die Änderung dann erneut.{% endif %}',
      ),
    ],
  },
});
