import type { Balances } from '#domain/billing/customer/customer';
import type { Address, TaxId } from '#domain/billing/customer/party';
import { integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Customers as they are listed and looked up. Rules are decided from their streams. */
export const customersTable = defineTable(
  'customers',
  {
    id: text().key(),
    version: integer(),
    email: text().orNull(),
    /** Keyed hash of the normalized address. A merged customer keeps it, so that the address leads to the other one. */
    email_hash: text(),
    external_id: text().orNull(),
    name: text().orNull(),
    company: text().orNull(),
    address: json<Address>(),
    tax_ids: json<readonly TaxId[]>(),
    locale: text().orNull(),
    payment_terms_days: integer().orNull(),
    po_number: text().orNull(),
    metadata: json<Readonly<Record<string, unknown>>>(),
    balances: json<Balances>(),
    merged_into: text().orNull(),
    forgotten_at: time().orNull(),
    created_at: time(),
  },
  {
    uniques: [{ name: 'customers_email_hash', columns: ['email_hash'] }],
    indices: [
      { name: 'customers_created_at', columns: ['created_at', 'id'] },
      { name: 'customers_external_id', columns: ['external_id'] },
      { name: 'customers_merged_into', columns: ['merged_into'], where: 'merged_into is not null' },
    ],
  },
);

export type CustomerRow = RowOf<typeof customersTable>;
