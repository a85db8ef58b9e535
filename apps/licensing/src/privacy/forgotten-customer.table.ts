import { text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** People whose personal data was deleted. What billing sold before is issued without an address. */
export const forgottenCustomersTable = defineTable('forgotten_customers', {
  /** Of the person: the id of its customer in licenses and seats. */
  id: text().key(),
  forgotten_at: time(),
});

export type ForgottenCustomerRow = RowOf<typeof forgottenCustomersTable>;
