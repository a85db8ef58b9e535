import { isCountry } from '../../shared/country.ts';
import { Decimal } from '../../shared/decimal.ts';
import { refuser, type Refusals } from '../../shared/refusal.ts';
import type { Time } from '../../shared/time.ts';

/** A rate of tax in a country, from a time on. */
export interface TaxRate {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** A state or province, as addresses name it; null = the whole country. */
  readonly region: string | null;
  /** Percent, 0 to 100, as a decimal. */
  readonly rate: string;
  /** As invoices show it: `VAT`, `MwSt.` */
  readonly name: string;
  readonly valid_from: Time;
}

export interface TaxRatesEvent {
  readonly type: 'tax_rates.set';
  readonly rates: readonly TaxRate[];
}

/** All rates, the latest ones of a place first. */
export type TaxRates = readonly TaxRate[];

export const taxRefusals = {
  INVALID_TAX_RATE: { status: 400, message: 'A tax rate is not valid.' },
  TAX_RATE_MISSING: {
    status: 409,
    message: 'The table of tax rates has no rate for the country of the customer, where tax is due.',
  },
} satisfies Refusals<string>;

export const refuseTax = refuser(taxRefusals);

const initialState: TaxRates = [];

const evolve = (state: TaxRates, event: TaxRatesEvent): TaxRates =>
  event.type === 'tax_rates.set' ? event.rates : state;

/** Replaces the whole table. @throws Refusal INVALID_TAX_RATE */
export const setTaxRates = (wanted: readonly TaxRate[], state: TaxRates): readonly TaxRatesEvent[] => {
  const errors = wanted.flatMap((rate, at) => [
    ...(isCountry(rate.country)
      ? []
      : [{ pointer: `/${at}/country`, detail: 'must be an ISO 3166-1 alpha-2 code in upper case' }]),
    ...(isRate(rate.rate) ? [] : [{ pointer: `/${at}/rate`, detail: 'must be a decimal from 0 to 100' }]),
    ...(wanted.findIndex((other) => keyOf(other) === keyOf(rate)) === at
      ? []
      : [{ pointer: `/${at}`, detail: 'has the country, region and valid_from of another rate' }]),
  ]);
  if (errors.length > 0) refuseTax('INVALID_TAX_RATE', { errors: errors.slice(0, 20) });
  const rates = [...wanted].sort((a, b) => compare(placeOf(a), placeOf(b)) || compare(b.valid_from, a.valid_from));
  return JSON.stringify(rates) === JSON.stringify(state) ? [] : [{ type: 'tax_rates.set', rates }];
};

/** The rate of a place at a time: that of the region, else that of the country; the latest that is valid. */
export const rateAt = (rates: TaxRates, country: string, region: string | null, at: Time): TaxRate | undefined => {
  const valid = rates.filter((rate) => rate.country === country && rate.valid_from <= at);
  const latest = (of: string | null): TaxRate | undefined =>
    valid
      .filter((rate) => fold(rate.region) === fold(of))
      .reduce<TaxRate | undefined>(
        (best, rate) => (best && best.valid_from >= rate.valid_from ? best : rate),
        undefined,
      );
  return (region === null ? undefined : latest(region)) ?? latest(null);
};

const isRate = (text: string): boolean => {
  try {
    const rate = Decimal.of(text);
    return rate.numerator >= 0n && rate.compare(Decimal.of(100)) <= 0;
  } catch {
    return false;
  }
};

const fold = (region: string | null): string => (region ?? '').trim().toLowerCase();
const placeOf = ({ country, region }: TaxRate): string => `${country}/${fold(region)}`;
const keyOf = (rate: TaxRate): string => `${placeOf(rate)}/${rate.valid_from}`;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The id of the one stream. */
export const TAX_RATES = 'tax-rates';

/** One stream, `tax-rates`. */
export const taxRatesStream = { name: 'tax_rates', initialState, evolve };
