import { type InLocale, onDay } from '#platform/mail/language';
import { code, defineMail, facts, link, paragraph, steps } from '#platform/mail/template';

export type LicenseDelivered = {
  /** The customer's name; null = unknown. */
  readonly name: string | null;
  readonly product: string;
  readonly plan: string;
  readonly license_key: string;
  /** Number of licenses or units that the key stands for; 1 is not shown. */
  readonly quantity: number;
  /** `onDay(time)`; null = it has no end. */
  readonly valid_until: InLocale | null;
  /** The page where the customer manages licenses (http or https); null = there is none. */
  readonly portal_url: string | null;
};

const KEY = '{{ license_key }}';
const QUANTITY = '{% if quantity > 1 %}{{ quantity }}{% endif %}';

/**
 * To a customer: the key of a new license. Write it with
 * `outbox.write(licenseDelivered, values, { id, to, locale }, tx)` (`MailOutbox` of #platform/mail/outbox), where `id` derives
 * from the event (`license-delivered-<event id>`), `locale` is the customer's BCP 47 locale or null, and `values` are a
 * `LicenseDelivered`. `renderMail(licenseDelivered, values, { locale })` gives {subject, text, html} without sending.
 */
export const licenseDelivered = defineMail<LicenseDelivered>({
  name: 'license-delivered',
  description: 'To a customer, with the key of a license that was bought.',
  sample: {
    name: 'Ada Lovelace',
    product: 'Studio',
    plan: 'Pro',
    license_key: 'KL-7GQ2M-X4K9D-2W8PC-HJ5TN-A3',
    quantity: 5,
    valid_until: onDay('2027-11-21T09:30:00.000Z'),
    portal_url: 'https://licenses.example.com/portal',
  },
  en: {
    subject: 'Your license for {{ product }}',
    blocks: [
      paragraph('Hello{% if name %} {{ name }}{% endif %},'),
      paragraph('thank you for your purchase. This is your license for {{ product }}.'),
      facts({
        Product: '{{ product }}',
        Plan: '{{ plan }}',
        Quantity: QUANTITY,
        'Valid until': '{{ valid_until }}',
      }),
      code('Your license key', KEY),
      paragraph('To activate it:'),
      steps(
        'Install and start {{ product }}.',
        'Choose “Enter license key” and paste the key.',
        'Keep this mail: the key is needed again on a new device.',
      ),
      link('Manage your licenses', '{{ portal_url }}'),
    ],
  },
  de: {
    subject: 'Ihre Lizenz für {{ product }}',
    blocks: [
      paragraph('Guten Tag{% if name %} {{ name }}{% endif %},'),
      paragraph('vielen Dank für Ihren Kauf. Hier ist Ihre Lizenz für {{ product }}.'),
      facts({
        Produkt: '{{ product }}',
        Tarif: '{{ plan }}',
        Anzahl: QUANTITY,
        'Gültig bis': '{{ valid_until }}',
      }),
      code('Ihr Lizenzschlüssel', KEY),
      paragraph('So aktivieren Sie die Lizenz:'),
      steps(
        '{{ product }} installieren und starten.',
        '„Lizenzschlüssel eingeben“ wählen und den Schlüssel einfügen.',
        'Diese Mail aufbewahren: Auf einem neuen Gerät wird der Schlüssel wieder gebraucht.',
      ),
      link('Lizenzen verwalten', '{{ portal_url }}'),
    ],
  },
});
