import type { Time } from '../../shared/time.ts';
import { type Address, NO_ADDRESS, type TaxId } from './party.ts';

/** The description of a customer. Personal fields are null or empty once the person was forgotten. */
export interface Profile {
  /** The merchant's own id of the customer. */
  readonly external_id: string | null;
  readonly email: string | null;
  readonly name: string | null;
  readonly company: string | null;
  readonly address: Address;
  readonly tax_ids: readonly TaxId[];
  /** BCP 47, canonical; null = that of the organization. */
  readonly locale: string | null;
  /** Days after which an invoice is due; null = the default. */
  readonly payment_terms_days: number | null;
  readonly po_number: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Credit by currency, in minor units: reduces what later invoices ask for. Currencies without credit are left out. */
export type Balances = Readonly<Record<string, number>>;

interface OfCustomer {
  readonly customer_id: string;
}

export type CustomerEvent =
  | (OfCustomer &
      Profile & {
        readonly type: 'customer.created';
        /** Keyed hash of the normalized address: one customer for each. */
        readonly email_hash: string;
        readonly created_at: Time;
      })
  | (OfCustomer &
      Partial<Profile> & {
        readonly type: 'customer.updated';
        /** Names of the fields that changed. */
        readonly updated: readonly string[];
        readonly email_hash?: string;
      })
  | (OfCustomer & {
      readonly type: 'customer.balance_changed';
      readonly currency: string;
      /** Added to the balance; negative if the balance was used. */
      readonly amount: number;
      /** After the change. */
      readonly balance: number;
      readonly reason: string;
      /** What caused it: a source changes the balance once. */
      readonly source: string;
      readonly changed_at: Time;
    })
  | (OfCustomer & {
      readonly type: 'customer.tax_id_checked';
      readonly tax_type: string;
      readonly value: string | null;
      readonly status: 'valid' | 'invalid';
      readonly checked_at: Time;
    })
  | (OfCustomer & {
      readonly type: 'customer.merged';
      readonly into: string;
      /** What the other customer gets. */
      readonly balances: Balances;
      readonly merged_at: Time;
    })
  | (OfCustomer & {
      /** The personal data of the customer was deleted. */
      readonly type: 'customer.forgotten';
      /** Ids of the person in other services: they derive them from the addresses that it had. */
      readonly person_ids: readonly string[];
      readonly forgotten_at: Time;
    });

export interface Customer extends Profile {
  readonly status: 'active' | 'merged';
  readonly email_hash: string;
  readonly balances: Balances;
  /** Changes of the balance by their source: amounts. */
  readonly sources: ReadonlyMap<string, number>;
  /** The customer that it was merged into; null = none. */
  readonly merged_into: string | null;
  /** The balances that the other customer got. */
  readonly moved: Balances;
  /** When the personal data was deleted; null = it was not, or the person has come back since. */
  readonly forgotten_at: Time | null;
  readonly created_at: Time;
}

export type CustomerState = { readonly status: 'none' } | Customer;

const initialState: CustomerState = { status: 'none' };

const NO_SOURCES: ReadonlyMap<never, never> = new Map<never, never>();

const evolve = (state: CustomerState, event: CustomerEvent): CustomerState => {
  if (event.type === 'customer.created') {
    const { type: _event, customer_id: _id, ...created } = event;
    const rest = { balances: {}, sources: NO_SOURCES, merged_into: null, moved: {}, forgotten_at: null };
    return { status: 'active', ...created, ...withoutNulls(created), ...rest };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'customer.updated': {
      const { type: _event, customer_id: _id, updated: _names, ...changes } = event;
      return { ...state, ...changes, ...withoutNulls(changes), forgotten_at: null };
    }
    case 'customer.balance_changed':
      return {
        ...state,
        balances: withBalance(state.balances, event.currency, event.balance),
        sources: new Map(state.sources).set(event.source, event.amount),
      };
    case 'customer.tax_id_checked':
      return { ...state, tax_ids: withTaxIdStatus(state.tax_ids, event) };
    case 'customer.merged':
      return { ...state, status: 'merged', merged_into: event.into, moved: event.balances, balances: {} };
    case 'customer.forgotten':
      return { ...state, ...NOBODY, forgotten_at: event.forgotten_at };
    default:
      return state;
  }
};

/** The personal fields of a customer that was forgotten. */
export const NOBODY: Pick<Profile, 'email' | 'name' | 'company' | 'address' | 'tax_ids' | 'po_number'> = {
  email: null,
  name: null,
  company: null,
  address: NO_ADDRESS,
  tax_ids: [],
  po_number: null,
};

/** Address and tax ids of a forgotten person read as null in the log. */
export const withoutNulls = (fields: {
  readonly address?: Address | null;
  readonly tax_ids?: readonly TaxId[] | null;
}): Partial<Pick<Profile, 'address' | 'tax_ids'>> => ({
  ...(fields.address === null ? { address: NO_ADDRESS } : {}),
  ...(fields.tax_ids === null ? { tax_ids: [] } : {}),
});

/** Balances with another value for a currency. */
export const withBalance = (balances: Balances, currency: string, balance: number): Balances =>
  Object.fromEntries(
    Object.entries({ ...balances, [currency]: balance })
      .filter(([, value]) => value !== 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Tax ids with the result of an online check. */
export const withTaxIdStatus = (
  tax_ids: readonly TaxId[],
  check: { readonly tax_type: string; readonly value: string | null; readonly status: TaxId['status'] },
): readonly TaxId[] =>
  tax_ids.map((id) => (id.type === check.tax_type && id.value === check.value ? { ...id, status: check.status } : id));

const person = (event: CustomerEvent): string => event.customer_id;
const PERSONAL = ['email', 'name', 'company', 'address', 'tax_ids', 'po_number'];

/** One stream per customer, `cus_…`. */
export const customerStream = {
  name: 'customer',
  initialState,
  evolve,
  personal: {
    'customer.created': { person, fields: PERSONAL },
    'customer.updated': { person, fields: PERSONAL },
    'customer.tax_id_checked': { person, fields: ['value'] },
  },
};
