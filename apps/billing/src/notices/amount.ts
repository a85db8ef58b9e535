import { Money } from '#domain/shared/money';
import type { InLocale } from '#platform/mail/language';

/**
 * A value of a mail: an amount with its currency, as the reader's locale writes it, e.g. `€1,234.50` or `1.234,50 €`.
 * @param amount minor units
 * @param currency ISO 4217 in lower case, or `sats`
 */
export const inCurrency = (amount: number, currency: string): InLocale => {
  // A decimal text, which Intl formats exactly. Its own table of decimals is wrong for some currencies.
  const text = Money.of(amount, currency).format() as `${number}`;
  const digits = text.split('.')[1]?.length ?? 0;
  const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (currency === 'sats') return (locale) => `${new Intl.NumberFormat(locale, fraction).format(text)} sats`;
  return (locale) =>
    new Intl.NumberFormat(locale, { ...fraction, style: 'currency', currency: currency.toUpperCase() }).format(text);
};
