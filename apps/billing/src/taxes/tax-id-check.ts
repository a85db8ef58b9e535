import type { WantedTaxId } from '#domain/billing/customer/tax-ids';

/** Asks a register, such as VIES, whether a tax id is in use. It may take long: no sale waits for it. */
export interface TaxIdCheck {
  /** @throws if the register does not answer */
  check(id: WantedTaxId): Promise<'valid' | 'invalid'>;
}

/**
 * Injection token of the online check of tax ids; null = none, the default. Its results are recorded by the command
 * `RecordTaxIdCheck`. Without one, ids with a good format and checksum count as those of a business.
 */
export const TAX_ID_CHECK = Symbol('TaxIdCheck');
