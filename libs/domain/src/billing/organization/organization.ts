import { isCurrency } from '../../shared/currency.ts';
import { readAddress, readLocale } from '../customer/customer.commands.ts';
import type { Address, Seller } from '../customer/party.ts';
import { readTaxIds, type WantedTaxId } from '../customer/tax-ids.ts';
import { readBic, readIban } from '../../shared/bank-account.ts';
import { refuseOrganization } from './organization.errors.ts';

/** Where the tax of an invoice comes from: `none` (no tax) or the table of `rates`. */
export const TAX_PROVIDERS = ['none', 'rates'] as const;
export type TaxProvider = (typeof TAX_PROVIDERS)[number];

/** Settings for invoices, beside what an invoice shows of the seller. */
export interface InvoiceSettings {
  /** Of the numbers of invoices: `INV` in `INV-2026-0001`. */
  readonly invoice_prefix: string;
  /** A PNG or JPEG as a data URL. */
  readonly logo: string | null;
  /** Language of customers that have none, BCP 47. */
  readonly locale: string;
  readonly default_currency: string;
  readonly tax: { readonly provider: TaxProvider };
  /** Years after the year of an invoice for which its buyer is kept. */
  readonly retention_years: number;
}

/** The merchant: the one seller of all invoices. */
export interface Organization extends Seller, InvoiceSettings {}

/** The settings while the organization has not been set. */
export const ORGANIZATION_DEFAULTS: InvoiceSettings = {
  invoice_prefix: 'INV',
  logo: null,
  locale: 'en',
  default_currency: 'eur',
  tax: { provider: 'none' },
  retention_years: 10,
};

export type OrganizationEvent = { readonly type: 'organization.set' } & Organization;
export type OrganizationState = { readonly status: 'none' } | ({ readonly status: 'set' } & Organization);

/** An organization as a caller sends it. */
export interface WantedOrganization extends Omit<Organization, 'address' | 'tax_ids'> {
  readonly address: Partial<Address>;
  readonly tax_ids: readonly WantedTaxId[];
}

export interface SetOrganization {
  readonly type: 'SetOrganization';
  /** Replaces the organization as a whole. */
  readonly organization: WantedOrganization;
}

/** The largest logo, in bytes. */
export const MAX_LOGO_BYTES = 200_000;

const initialState: OrganizationState = { status: 'none' };

const evolve = (state: OrganizationState, event: OrganizationEvent): OrganizationState => {
  if (event.type !== 'organization.set') return state;
  const { type: _event, ...organization } = event;
  return { status: 'set', ...organization };
};

/** @throws Refusal INVALID_ORGANIZATION, INVALID_CUSTOMER, INVALID_TAX_ID, INVALID_BANK_ACCOUNT, each with the fields */
export const decideOrganization = (
  { organization }: SetOrganization,
  state: OrganizationState,
): readonly OrganizationEvent[] => {
  const known = state.status === 'none' ? [] : state.tax_ids;
  const { default_currency } = organization;
  if (!isCurrency(default_currency)) {
    refuseOrganization('INVALID_ORGANIZATION', {
      errors: [{ pointer: '/default_currency', detail: 'must be ISO 4217 in lower case, or sats' }],
    });
  }
  const set: OrganizationEvent = {
    type: 'organization.set',
    ...organization,
    address: readAddress(organization.address),
    tax_ids: readTaxIds(organization.tax_ids, known),
    bank: readBank(organization.bank),
    logo: readLogo(organization.logo),
    locale: readLocale(organization.locale) ?? ORGANIZATION_DEFAULTS.locale,
  };
  return JSON.stringify(evolve(initialState, set)) === JSON.stringify(state) ? [] : [set];
};

const readBank = (bank: Organization['bank']): Organization['bank'] => {
  if (bank === null) return null;
  const iban = readIban(bank.iban);
  const bic = bank.bic === null ? null : readBic(bank.bic);
  if (iban === undefined || bic === undefined) {
    const errors = [
      ...(iban === undefined ? [{ pointer: '/bank/iban', detail: 'has a wrong country, length or checksum' }] : []),
      ...(bic === undefined ? [{ pointer: '/bank/bic', detail: 'has a wrong form or country' }] : []),
    ];
    return refuseOrganization('INVALID_BANK_ACCOUNT', { errors });
  }
  return { iban, bic, name: bank.name };
};

/** Base64 of the first bytes of the formats that documents can show. */
const LOGO_TYPES = { iVBORw0KGgo: 'image/png', '/9j/': 'image/jpeg' } as const;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Four letters of base64 for three bytes. */
const MAX_LOGO_LETTERS = 266_668;

/** A logo as a data URL, from a data URL or from bare base64. */
const readLogo = (logo: string | null): string | null => {
  if (logo === null) return null;
  const base64 = logo.replace(/^data:image\/(?:png|jpeg);base64,/, '');
  const [, type] = Object.entries(LOGO_TYPES).find(([start]) => base64.startsWith(start)) ?? [];
  if (type === undefined || !BASE64.test(base64) || base64.length > MAX_LOGO_LETTERS) {
    const detail = `must be a PNG or JPEG in base64 of at most ${MAX_LOGO_BYTES} bytes`;
    return refuseOrganization('INVALID_ORGANIZATION', { errors: [{ pointer: '/logo', detail }] });
  }
  return `data:${type};base64,${base64}`;
};

/** What an invoice shows of the organization. @throws Refusal ORGANIZATION_REQUIRED before it is set */
export const sellerOf = (state: OrganizationState): Seller => {
  if (state.status === 'none') return refuseOrganization('ORGANIZATION_REQUIRED');
  const { legal_name, address, tax_ids, email, phone, bank, footer } = state;
  return { legal_name, address, tax_ids, email, phone, bank, footer };
};

/** The id of the one stream. */
export const ORGANIZATION = 'organization';

/**
 * One stream, `organization`. Its data is that of a company, which each invoice shows: it is not stored as personal data.
 */
export const organizationStream = { name: 'organization', initialState, evolve };
