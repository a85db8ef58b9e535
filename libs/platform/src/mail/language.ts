import { LRUCache } from 'lru-cache';

/** The languages that each mail is written in. */
export const MAIL_LANGUAGES = ['en', 'de'] as const;
export type MailLanguage = (typeof MAIL_LANGUAGES)[number];

/** Where a mail is read. */
export interface MailLocale {
  readonly language: MailLanguage;
  /** The BCP 47 locale by which dates and amounts are written. */
  readonly format: string;
}

const DEFAULT: MailLocale = { language: 'en', format: 'en' };

/**
 * The language of a mail, and how it writes dates and amounts.
 * @param locale BCP 47, e.g. `de-AT`; one that is unknown or that no mail is written in gives English
 */
export const mailLocale = (locale: string | null | undefined): MailLocale => {
  if (locale === null || locale === undefined) return DEFAULT;
  try {
    const { language, baseName } = new Intl.Locale(locale.replaceAll('_', '-'));
    const known = MAIL_LANGUAGES.find((one) => one === language);
    return known === undefined ? DEFAULT : { language: known, format: baseName };
  } catch {
    return DEFAULT;
  }
};

/** A text that depends on the reader's locale. */
export type InLocale = (locale: string) => string;

/** Makes a formatter for each locale once: making one takes longer than a mail. */
export const perLocale = <Formatter>(make: (locale: string) => Formatter): ((locale: string) => Formatter) => {
  const made = new LRUCache<string, { readonly formatter: Formatter }>({ max: 100 });
  return (locale) => {
    const known = made.get(locale) ?? { formatter: make(locale) };
    made.set(locale, known);
    return known.formatter;
  };
};

const days = perLocale((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }));
const moments = perLocale(
  (locale) =>
    new Intl.DateTimeFormat(locale, {
      year: 'numeric',
      month: 'long',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      timeZone: 'UTC',
      timeZoneName: 'short',
    }),
);

/** A value of a mail: a day in UTC, in the words of the reader's locale, e.g. `November 29, 2026`. */
export const onDay = (time: string): InLocale => {
  const moment = new Date(time);
  return (locale) => days(locale).format(moment);
};

/** A value of a mail: a moment in UTC to the minute, e.g. `November 29, 2026 at 2:05 PM UTC`. */
export const atTime = (time: string): InLocale => {
  const moment = new Date(time);
  return (locale) => moments(locale).format(moment);
};
