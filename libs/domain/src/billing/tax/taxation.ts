import { Decimal } from '../../shared/decimal.ts';
import { isInEu } from '../../shared/country.ts';
import type { Time } from '../../shared/time.ts';
import type { Address, TaxId } from '../customer/party.ts';
import { euCountryOf, isUsableTaxId } from '../customer/tax-ids.ts';
import type { TaxTreatment } from '../invoice/invoice.lines.ts';
import type { TaxProvider } from '../organization/organization.ts';
import { rateAt, refuseTax, type TaxRates } from './tax-rates.ts';

/** What decides how a sale is taxed. */
export interface Sale {
  readonly provider: TaxProvider;
  readonly rates: TaxRates;
  readonly seller: { readonly country: string | null };
  readonly buyer: { readonly address: Address; readonly tax_ids: readonly TaxId[] };
  readonly at: Time;
  /** Whether tax ids are verified online: then those that are not verified prove nothing. */
  readonly has_online_check: boolean;
  /** Language of the notes, BCP 47. */
  readonly locale: string;
}

export interface Taxation {
  /** null = a rate is missing in the table, so the sale cannot be invoiced: `treatmentOf` refuses it. */
  readonly treatment: TaxTreatment | null;
  /** Where the sale is taxed; null = it is not known. */
  readonly country: string | null;
  /** Texts that an invoice must show. */
  readonly notes: readonly string[];
}

/** The text that an invoice with reverse charge must have (Article 226 of the VAT Directive), by language. */
const REVERSE_CHARGE: Readonly<Record<string, string>> = {
  en: 'Reverse charge: VAT to be paid by the recipient.',
  de: 'Steuerschuldnerschaft des Leistungsempfängers',
  fr: 'Autoliquidation',
};

type Untaxed = Pick<Taxation, 'treatment' | 'notes'>;

const untaxed = (category: TaxTreatment['category']): Untaxed => ({
  treatment: { rate: '0', category, name: 'VAT' },
  notes: [],
});

/**
 * How a sale of services is taxed. In this order:
 *
 * 1. Provider `none`: not subject to VAT (category O).
 * 2. Seller and buyer in different countries of the EU, and the buyer has a usable VAT id of the EU: reverse charge (AE).
 * 3. A rate of the buyer's region or country that is valid at the time: that rate (S; a rate of 0 is Z).
 * 4. Seller in the EU, buyer outside: export (G).
 * 5. Seller and buyer in the EU, and no rate is known: the rate is missing. It is never taken to be zero: list a rate of 0 for that.
 * 6. Seller outside the EU: not subject to tax (O). List a rate for each country in which tax is due.
 *
 * A buyer without a country is taken to be in the country of the VAT id, else in that of the seller.
 */
export const taxationOf = (sale: Sale): Taxation => {
  const { seller, buyer, has_online_check } = sale;
  const usable = buyer.tax_ids
    .filter((id) => isUsableTaxId(id, has_online_check))
    .flatMap((id) => euCountryOf(id) ?? []);
  const country = buyer.address.country ?? usable[0] ?? seller.country;
  return { ...taxedIn(country, sale, usable.length > 0), country };
};

const taxedIn = (
  country: string | null,
  { provider, rates, seller, buyer, at, locale }: Sale,
  isBusiness: boolean,
): Untaxed => {
  if (provider === 'none') return untaxed('O');
  const sellerInEu = seller.country !== null && isInEu(seller.country);
  const buyerInEu = country !== null && isInEu(country);
  if (sellerInEu && buyerInEu && country !== seller.country && isBusiness) {
    const note = REVERSE_CHARGE[locale.slice(0, 2).toLowerCase()] ?? REVERSE_CHARGE['en'] ?? '';
    return { ...untaxed('AE'), notes: [note] };
  }
  const found = country === null ? undefined : rateAt(rates, country, buyer.address.state, at);
  if (found !== undefined) {
    const { rate, name } = found;
    return { treatment: { rate, category: Decimal.of(rate).isZero() ? 'Z' : 'S', name }, notes: [] };
  }
  if (!sellerInEu) return untaxed('O');
  return buyerInEu ? { treatment: null, notes: [] } : untaxed('G');
};

/** @throws Refusal TAX_RATE_MISSING */
export const treatmentOf = ({ treatment, country }: Taxation): TaxTreatment =>
  treatment ?? refuseTax('TAX_RATE_MISSING', { country });
