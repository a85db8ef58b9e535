import { Money } from '#domain/shared/money';
import { toTime } from '#domain/shared/time';
import type { Language } from './language.ts';

/**
 * Formats amounts and dates by tables of our own: the Intl of another version of Node.js formats differently, and documents must
 * have the same bytes for ever.
 */
const STYLES: Record<
  Language,
  { point: string; group: string; percent: string; months: readonly string[]; day: string }
> = {
  en: {
    point: '.',
    group: ',',
    percent: '%',
    months: 'January February March April May June July August September October November December'.split(' '),
    day: '',
  },
  de: {
    point: ',',
    group: '.',
    percent: '\u00a0%',
    months: 'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split(' '),
    day: '.',
  },
  fr: {
    point: ',',
    group: '\u00a0',
    percent: '\u00a0%',
    months: 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre'.split(' '),
    day: '',
  },
};

/** A decimal with the language's point and groups: `1.234,50`. */
export const decimalText = (decimal: string, language: Language): string => {
  const { point, group } = STYLES[language];
  const [, sign = '', whole = '', fraction] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal) ?? [];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
  return `${sign === '' ? '' : '−'}${grouped}${fraction === undefined ? '' : point + fraction}`;
};

/** An amount without its currency. @param minor minor units of `currency` */
export const amountText = (minor: number, currency: string, language: Language): string =>
  decimalText(Money.of(minor, currency).format(), language);

/** `EUR 1,234.50`, `1.234,50 EUR`. */
export const moneyText = (minor: number, currency: string, language: Language): string => {
  const amount = amountText(minor, currency, language);
  const code = currency === 'sats' ? currency : currency.toUpperCase();
  return language === 'en' && currency !== 'sats' ? `${code}\u00a0${amount}` : `${amount}\u00a0${code}`;
};

/** `19%`, `5,5 %`. */
export const percentText = (rate: string, language: Language): string =>
  decimalText(rate, language) + STYLES[language].percent;

/** The day in UTC: `29 November 2026`, `29. November 2026`, `29 novembre 2026`. */
export const dateText = (time: string, language: Language): string => {
  const { months, day: mark } = STYLES[language];
  const [year, month, day] = time.slice(0, 10).split('-').map(Number);
  const first = language === 'fr' && day === 1 ? '1er' : `${day ?? ''}${mark}`;
  return `${first} ${months[(month ?? 0) - 1] ?? ''} ${year ?? ''}`;
};

/** The last day of [start, end). @returns `2026-11-29` */
export const lastDay = (start: string, end: string): string =>
  (end > start ? toTime(Date.parse(end) - 1) : start).slice(0, 10);

/** Both days of [start, end): `1 November 2026 – 30 November 2026`. */
export const periodText = ({ start, end }: { start: string; end: string }, language: Language): string => {
  const last = lastDay(start, end);
  const from = dateText(start, language);
  return last === start.slice(0, 10) ? from : `${from} – ${dateText(last, language)}`;
};
