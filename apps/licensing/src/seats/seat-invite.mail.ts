import { atTime, type InLocale } from '#platform/mail/language';
import { code, defineMail, link, paragraph } from '#platform/mail/template';

export type SeatInvite = {
  /** null = the product is gone. */
  readonly product: string | null;
  readonly role: string;
  /** The page that accepts it, with the token; null = there is none, and the code has to be entered. */
  readonly url: string | null;
  readonly code: string;
  readonly expires_at: InLocale;
};

/** An invitation to a seat of a license. */
export const seatInvite = defineMail<SeatInvite>({
  name: 'seat-invite',
  description: 'To a person that is invited to a seat of a license.',
  sample: {
    product: 'Studio',
    role: 'member',
    url: 'https://studio.example/join#token=hHn0bXx3dQ4yq8m2',
    code: 'hHn0bXx3dQ4yq8m2',
    expires_at: atTime('2026-11-28T09:30:00.000Z'),
  },
  en: {
    subject: 'You are invited to {% if product %}{{ product }}{% else %}the product{% endif %}',
    blocks: [
      paragraph('You are invited to use {% if product %}{{ product }}{% else %}the product{% endif %} as {{ role }}.'),
      link('Accept the invitation here', '{{ url }}'),
      code('{% if url %}Or enter this invitation code{% else %}Your invitation code{% endif %}', '{{ code }}'),
      paragraph('It works once, until {{ expires_at }}. If you did not expect this mail, do nothing.'),
    ],
  },
  de: {
    subject: 'Sie sind zu {% if product %}{{ product }}{% else %}einem Produkt{% endif %} eingeladen',
    blocks: [
      paragraph(
        'Sie sind eingeladen, {% if product %}{{ product }}{% else %}ein Produkt{% endif %} zu benutzen, in der Rolle {{ role }}.',
      ),
      link('Einladung annehmen', '{{ url }}'),
      code('{% if url %}Oder diesen Einladungscode eingeben{% else %}Ihr Einladungscode{% endif %}', '{{ code }}'),
      paragraph(
        'Die Einladung gilt einmal, bis {{ expires_at }}. Falls Sie diese Mail nicht erwartet haben, ist nichts zu tun.',
      ),
    ],
  },
});
