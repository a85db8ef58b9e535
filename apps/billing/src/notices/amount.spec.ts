import { inCurrency } from './amount.ts';

/** Intl separates with spaces that do not break. */
const shown = (amount: number, currency: string, locale: string): string =>
  inCurrency(amount, currency)(locale).replace(/\s/g, ' ');

describe('an amount in a mail', () => {
  it.each([
    [123_450, 'eur', 'en', '€1,234.50'],
    [123_450, 'eur', 'de', '1.234,50 €'],
    [-5, 'usd', 'en', '-$0.05'],
    [1_234, 'jpy', 'en', '¥1,234'],
    [1_234, 'kwd', 'en', 'KWD 1.234'],
    [1_234, 'huf', 'de', '12,34 HUF'],
    [21_000, 'sats', 'en', '21,000 sats'],
    [21_000, 'sats', 'de', '21.000 sats'],
    [Number.MAX_SAFE_INTEGER, 'eur', 'en', '€90,071,992,547,409.91'],
  ])('of %d %s is, in %s, %s', (amount, currency, locale, text) => {
    expect(shown(amount, currency, locale)).toBe(text);
  });
});
