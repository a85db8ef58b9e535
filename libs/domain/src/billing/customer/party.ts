/** A postal address; fields that are not known are null. `country` is ISO 3166-1 alpha-2 in upper case. */
export interface Address {
  readonly line1: string | null;
  readonly line2: string | null;
  readonly city: string | null;
  readonly postal_code: string | null;
  readonly state: string | null;
  readonly country: string | null;
}

export const NO_ADDRESS: Address = {
  line1: null,
  line2: null,
  city: null,
  postal_code: null,
  state: null,
  country: null,
};

/** `format_invalid`: wrong format or checksum. `invalid` and `valid` come from an online check. */
export const TAX_ID_STATUSES = ['unverified', 'valid', 'invalid', 'format_invalid'] as const;
export type TaxIdStatus = (typeof TAX_ID_STATUSES)[number];

export interface TaxId {
  /** `eu_vat`, `gb_vat`, `ch_vat`, `no_vat`, or another type that is not checked. */
  readonly type: string;
  readonly value: string;
  readonly status: TaxIdStatus;
}

/** The seller as an invoice shows it. Frozen when the invoice is finalized. */
export interface Seller {
  readonly legal_name: string;
  readonly address: Address;
  readonly tax_ids: readonly TaxId[];
  readonly email: string | null;
  readonly phone: string | null;
  readonly bank: { readonly iban: string; readonly bic: string | null; readonly name: string | null } | null;
  readonly footer: string | null;
}

/** The buyer as an invoice shows it. Frozen when the invoice is finalized, and sealed under an accounting key. */
export interface Buyer {
  readonly customer_id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly company: string | null;
  readonly address: Address;
  readonly tax_ids: readonly TaxId[];
  /** BCP 47: `en`, `de`, `fr`. Language of the invoice. */
  readonly locale: string;
}
