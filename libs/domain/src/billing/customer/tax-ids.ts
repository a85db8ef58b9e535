import jsvat, { type Country } from 'jsvat-next';
import { isInEu } from '../../shared/country.ts';
import { refuseCustomer } from './customer.errors.ts';
import type { TaxId } from './party.ts';

/** Types of tax ids whose format and checksum are checked. Other types are kept as they are. */
export const CHECKED_TAX_IDS = ['eu_vat', 'gb_vat', 'ch_vat', 'no_vat'] as const;

/** A tax id as a caller sends it. */
export interface WantedTaxId {
  readonly type: string;
  readonly value: string;
}

/** Rules of jsvat-next by the letters that a VAT id begins with. Greece has EL, Northern Ireland XI. */
const EU_RULES: Readonly<Record<string, Country>> = {
  AT: jsvat.austria,
  BE: jsvat.belgium,
  BG: jsvat.bulgaria,
  CY: jsvat.cyprus,
  CZ: jsvat.czechRepublic,
  DE: jsvat.germany,
  DK: jsvat.denmark,
  EE: jsvat.estonia,
  EL: jsvat.greece,
  ES: jsvat.spain,
  FI: jsvat.finland,
  FR: jsvat.france,
  HR: jsvat.croatia,
  HU: jsvat.hungary,
  IE: jsvat.ireland,
  IT: jsvat.italy,
  LT: jsvat.lithuania,
  LU: jsvat.luxembourg,
  LV: jsvat.latvia,
  MT: jsvat.malta,
  NL: jsvat.netherlands,
  PL: jsvat.poland,
  PT: jsvat.portugal,
  RO: jsvat.romania,
  SE: jsvat.sweden,
  SI: jsvat.slovenia,
  SK: jsvat.slovakiaRepublic,
  XI: jsvat.unitedKingdom,
};

/**
 * A tax id in its normal form. The ids that can be checked have upper-case letters and digits only, and begin with their country.
 * @returns undefined if format or checksum are wrong
 */
export const readTaxId = ({ type, value }: WantedTaxId): WantedTaxId | undefined => {
  const text = value.toUpperCase().replace(/[\s./-]/g, '');
  switch (type) {
    case 'eu_vat': {
      const id = text.startsWith('GR') ? `EL${text.slice(2)}` : text;
      const rules = EU_RULES[id.slice(0, 2)];
      return rules !== undefined && isValid(id, rules) ? { type, value: id } : undefined;
    }
    case 'gb_vat':
      return text.startsWith('GB') && isValid(text, jsvat.unitedKingdom) ? { type, value: text } : undefined;
    case 'ch_vat':
      return isValid(text, jsvat.switzerland) ? { type, value: text } : undefined;
    case 'no_vat': {
      const number = text.replace(/^NO/, '').replace(/MVA$/, '');
      return isValid(`${number}MVA`, jsvat.norway) ? { type, value: `NO${number}MVA` } : undefined;
    }
    default:
      return { type, value: value.trim() };
  }
};

const isValid = (id: string, rules: Country): boolean => jsvat.checkVAT(id, [rules]).isValid;

/**
 * Tax ids in their normal form. New ones are unverified; those that are known keep their status.
 * @throws Refusal INVALID_TAX_ID if format or checksum are wrong
 */
export const readTaxIds = (wanted: readonly WantedTaxId[], known: readonly TaxId[] = []): readonly TaxId[] => {
  const read = wanted.map(readTaxId);
  const errors = read.flatMap((id, at) =>
    id === undefined ? [{ pointer: `/tax_ids/${at}/value`, detail: `is not a valid ${wanted[at]?.type}` }] : [],
  );
  if (errors.length > 0) refuseCustomer('INVALID_TAX_ID', { errors });
  return read.flatMap((id) => {
    if (id === undefined) return [];
    const before = known.find(({ type, value }) => type === id.type && value === id.value);
    return [before ?? { ...id, status: 'unverified' as const }];
  });
};

/**
 * The country of the EU in which a tax id is registered; undefined for other ids. An id of Northern Ireland (XI) counts for goods
 * only, so it has none here: software is a service.
 */
export const euCountryOf = ({ type, value }: Pick<TaxId, 'type' | 'value'>): string | undefined => {
  if (type !== 'eu_vat') return undefined;
  const country = value.startsWith('EL') ? 'GR' : value.slice(0, 2);
  return isInEu(country) ? country : undefined;
};

/**
 * Whether a tax id proves that its owner is a business. An id that was not verified counts as long as no online check is
 * configured: then its format and checksum are all that can be known.
 */
export const isUsableTaxId = ({ status }: Pick<TaxId, 'status'>, hasOnlineCheck: boolean): boolean =>
  status === 'valid' || (status === 'unverified' && !hasOnlineCheck);
