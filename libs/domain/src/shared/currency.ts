import { data } from 'currency-codes';

/** Bitcoin's smallest unit: a currency without a smaller one. */
export const SATS = 'sats';

/**
 * Codes of ISO 4217 that buy nothing: precious metals, units of account between banks, test and no currency. The standard gives
 * them no minor unit.
 */
const NOT_MONEY = new Set('XAG XAU XPD XPT XBA XBB XBC XBD XDR XSU XUA XTS XXX'.split(' '));

/** Added to ISO 4217 since the library's table of 2024: the Caribbean guilder, of March 2025. */
const ADDED = [{ code: 'XCG', digits: 2 }];

/** Digits after the point, by code in lower case. */
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...[...data, ...ADDED]
    .filter(({ code }) => !NOT_MONEY.has(code))
    .map(({ code, digits }) => [code.toLowerCase(), digits] as const),
  [SATS, 0],
]);

/** All currencies that amounts may have: ISO 4217 codes in lower case, and `sats`. */
export const CURRENCIES: readonly string[] = [...EXPONENTS.keys()].sort();

/** @param code in lower case: `EUR` is none */
export const isCurrency = (code: string): boolean => EXPONENTS.has(code);

/**
 * Digits after the point: 2 for `eur`, 0 for `jpy`, 3 for `kwd`, as ISO 4217 says; undefined for no currency. Payment providers
 * may count in other units.
 */
export const exponentOf = (code: string): number | undefined => EXPONENTS.get(code);
