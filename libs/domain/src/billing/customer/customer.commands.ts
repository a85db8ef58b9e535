import { changed } from '../../shared/changed.ts';
import { isCountry } from '../../shared/country.ts';
import { isCurrency } from '../../shared/currency.ts';
import type { Time } from '../../shared/time.ts';
import { refuseCustomer } from './customer.errors.ts';
import type { Customer, CustomerEvent, CustomerState, Profile } from './customer.ts';
import { type Address, NO_ADDRESS } from './party.ts';
import { readTaxIds, type WantedTaxId } from './tax-ids.ts';

/** A profile as a caller sends it: fields of the address may be left out, and tax ids have no status yet. */
export interface WantedProfile extends Omit<Profile, 'email' | 'address' | 'tax_ids'> {
  readonly email: string;
  readonly address: Partial<Address>;
  readonly tax_ids: readonly WantedTaxId[];
}

interface OnCustomer {
  readonly customer_id: string;
}

export interface CreateCustomer extends OnCustomer {
  readonly type: 'CreateCustomer';
  readonly email_hash: string;
  readonly profile: WantedProfile;
  readonly now: Time;
}

export interface UpdateCustomer extends OnCustomer {
  readonly type: 'UpdateCustomer';
  /** Fields of the address that are left out stay; tax ids are replaced as a whole. */
  readonly changes: Partial<WantedProfile>;
  /** With a change of the address. */
  readonly email_hash: string | undefined;
}

export interface ChangeBalance extends OnCustomer {
  readonly type: 'ChangeBalance';
  readonly currency: string;
  /** Added; a negative amount is refused if the balance is lower. */
  readonly amount: number;
  readonly reason: string;
  readonly source: string;
  readonly now: Time;
}

export interface UseBalance extends OnCustomer {
  readonly type: 'UseBalance';
  readonly currency: string;
  /** Takes this much, or what there is. */
  readonly up_to: number;
  readonly reason: string;
  readonly source: string;
  readonly now: Time;
}

export interface RecordTaxIdCheck extends OnCustomer {
  readonly type: 'RecordTaxIdCheck';
  readonly tax_type: string;
  readonly value: string;
  readonly status: 'valid' | 'invalid';
  readonly now: Time;
}

export interface MergeCustomer extends OnCustomer {
  readonly type: 'MergeCustomer';
  readonly into: string;
  /** The other customer, as it is at the commit. */
  readonly target: CustomerState;
  readonly now: Time;
}

/** Deletes the personal data, also of a customer that was merged into another one. */
export interface ForgetCustomer extends OnCustomer {
  readonly type: 'ForgetCustomer';
  readonly person_ids: readonly string[];
  readonly now: Time;
}

export type CustomerCommand =
  CreateCustomer | UpdateCustomer | ChangeBalance | UseBalance | RecordTaxIdCheck | MergeCustomer | ForgetCustomer;

const create = ({ customer_id, email_hash, profile, now }: CreateCustomer): readonly CustomerEvent[] => {
  const { address, tax_ids, locale, ...rest } = profile;
  const read = { address: readAddress(address), tax_ids: readTaxIds(tax_ids), locale: readLocale(locale) };
  return [{ type: 'customer.created', customer_id, email_hash, created_at: now, ...rest, ...read }];
};

const update = ({ customer_id, changes, email_hash }: UpdateCustomer, customer: Customer): readonly CustomerEvent[] => {
  const { address, tax_ids, locale, ...rest } = changes;
  const read: Partial<Profile> = {
    ...rest,
    ...(address === undefined ? {} : { address: readAddress(address, customer.address) }),
    ...(tax_ids === undefined ? {} : { tax_ids: readTaxIds(tax_ids, customer.tax_ids) }),
    ...(locale === undefined ? {} : { locale: readLocale(locale) }),
  };
  const differing = changed<Profile>(customer, read);
  const updated = Object.keys(differing);
  if (updated.length === 0) return [];
  const hash = differing.email === undefined || email_hash === undefined ? {} : { email_hash };
  return [{ type: 'customer.updated', customer_id, updated, ...differing, ...hash }];
};

const changeBalance = (
  { customer_id, currency, amount, reason, source, now }: Omit<ChangeBalance, 'type'>,
  customer: Customer,
): readonly CustomerEvent[] => {
  if (!isCurrency(currency)) return refuseCustomer('UNKNOWN_CURRENCY');
  if (customer.sources.has(source)) return [];
  const before = customer.balances[currency] ?? 0;
  const balance = before + amount;
  if (!Number.isSafeInteger(balance)) return refuseCustomer('BALANCE_TOO_HIGH');
  if (balance < 0) return refuseCustomer('BALANCE_TOO_LOW', { currency, balance: before });
  const change = { currency, amount, balance, reason, source, changed_at: now };
  return [{ type: 'customer.balance_changed', customer_id, ...change }];
};

const useBalance = ({ up_to, ...command }: UseBalance, customer: Customer): readonly CustomerEvent[] => {
  const amount = Math.min(up_to, customer.balances[command.currency] ?? 0);
  // Nothing is remembered of a source that found no credit: asked again, it may find some.
  return amount <= 0 ? [] : changeBalance({ ...command, amount: -amount }, customer);
};

const recordTaxIdCheck = (
  { customer_id, tax_type, value, status, now }: RecordTaxIdCheck,
  { tax_ids }: Customer,
): readonly CustomerEvent[] => {
  const known = tax_ids.find((id) => id.type === tax_type && id.value === value);
  if (known === undefined || known.status === status) return [];
  return [{ type: 'customer.tax_id_checked', customer_id, tax_type, value, status, checked_at: now }];
};

const merge = ({ customer_id, into, target, now }: MergeCustomer, customer: Customer): readonly CustomerEvent[] => {
  if (into === customer_id) return refuseCustomer('INVALID_MERGE');
  if (target.status === 'none') return refuseCustomer('CUSTOMER_NOT_FOUND', { customer_id: into });
  if (customer.merged_into === into) return [];
  assertNotMerged(customer);
  assertNotMerged(target);
  return [{ type: 'customer.merged', customer_id, into, balances: customer.balances, merged_at: now }];
};

const forget = ({ customer_id, person_ids, now }: ForgetCustomer, customer: Customer): readonly CustomerEvent[] =>
  customer.forgotten_at === null ? [{ type: 'customer.forgotten', customer_id, person_ids, forgotten_at: now }] : [];

/**
 * @throws Refusal CUSTOMER_EXISTS, CUSTOMER_NOT_FOUND, CUSTOMER_MERGED, INVALID_CUSTOMER, INVALID_TAX_ID, INVALID_MERGE,
 *   BALANCE_TOO_LOW, BALANCE_TOO_HIGH, UNKNOWN_CURRENCY
 */
export const decideCustomer = (command: CustomerCommand, state: CustomerState): readonly CustomerEvent[] => {
  if (command.type === 'CreateCustomer') {
    return state.status === 'none'
      ? create(command)
      : refuseCustomer('CUSTOMER_EXISTS', { customer_id: command.customer_id });
  }
  if (state.status === 'none') return refuseCustomer('CUSTOMER_NOT_FOUND');
  if (command.type === 'MergeCustomer') return merge(command, state);
  if (command.type === 'ForgetCustomer') return forget(command, state);
  assertNotMerged(state);
  switch (command.type) {
    case 'UpdateCustomer':
      return update(command, state);
    case 'ChangeBalance':
      return changeBalance(command, state);
    case 'UseBalance':
      return useBalance(command, state);
    case 'RecordTaxIdCheck':
      return recordTaxIdCheck(command, state);
    default:
      return command satisfies never;
  }
};

const assertNotMerged = ({ merged_into }: Customer): void => {
  if (merged_into !== null) refuseCustomer('CUSTOMER_MERGED', { merged_into });
};

/** @throws Refusal INVALID_CUSTOMER for a country that does not exist */
export const readAddress = (wanted: Partial<Address>, before: Address = NO_ADDRESS): Address => {
  const address = { ...before, ...wanted };
  if (address.country !== null && !isCountry(address.country)) {
    const errors = [{ pointer: '/address/country', detail: 'must be an ISO 3166-1 alpha-2 code in upper case' }];
    refuseCustomer('INVALID_CUSTOMER', { errors });
  }
  return address;
};

/** The canonical form of a BCP 47 tag: `en-us` is `en-US`. @throws Refusal INVALID_CUSTOMER */
export const readLocale = (locale: string | null): string | null => {
  if (locale === null) return null;
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? null;
  } catch {
    return refuseCustomer('INVALID_CUSTOMER', {
      errors: [{ pointer: '/locale', detail: 'must be a BCP 47 tag, such as de-AT' }],
    });
  }
};
