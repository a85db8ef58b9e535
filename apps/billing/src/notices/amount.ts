import { Money } from '#domain/shared/money';
import { type InLocale, perLocale } from '#platform/mail/language';

/**
 * A value of a mail: an amount with its currency, as the reader's locale writes it, e.g. `€1,234.50` or `1.234,50 €`.
 * @param amount minor units
 * @param currency ISO 4217 in lower case, or `sats`
 */
export const inCurrency = (amount: number, currency: string): InLocale => {
  // A decimal text, which Intl formats exactly. Its own table of decimals is wrong for some currencies.
  const text = Money.of(amount, currency).format() as `${number}`;
  const digits = text.split('.')[1]?.length ?? 0;
  const formatter = formatterOf(currency, digits);
  const unit = currency === 'sats' ? ' sats' : '';
  return (locale) => `${formatter(locale).format(text)}${unit}`;
};

type FormatterOf = (locale: string) => Intl.NumberFormat;
/** There are as many currencies as ISO 4217 has. */
const formatters = new Map<string, FormatterOf>();

const formatterOf = (currency: string, digits: number): FormatterOf => {
  const known = formatters.get(currency);
  if (known !== undefined) return known;
  const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const style = currency === 'sats' ? {} : ({ style: 'currency', currency: currency.toUpperCase() } as const);
  const made = perLocale((locale) => new Intl.NumberFormat(locale, { ...fraction, ...style }));
  formatters.set(currency, made);
  return made;
};
