import type { Balances, Profile } from '#domain/billing/customer/customer';
import type { Customer } from './customer.endpoints.ts';

interface Shown extends Profile {
  readonly balances: Balances;
  readonly merged_into: string | null;
  readonly forgotten_at: string | Date | null;
  readonly created_at: string | Date;
}

/** The API's form of a customer, from its state or its row. */
export const viewCustomer = (id: string, customer: Shown): Customer => ({
  id,
  external_id: customer.external_id,
  email: customer.email,
  name: customer.name,
  company: customer.company,
  address: customer.address,
  tax_ids: [...customer.tax_ids],
  locale: customer.locale,
  payment_terms_days: customer.payment_terms_days,
  po_number: customer.po_number,
  metadata: customer.metadata,
  balance: customer.balances,
  merged_into: customer.merged_into,
  forgotten_at: customer.forgotten_at === null ? null : timeOf(customer.forgotten_at),
  created_at: timeOf(customer.created_at),
});

const timeOf = (time: string | Date): string => (typeof time === 'string' ? time : time.toISOString());
