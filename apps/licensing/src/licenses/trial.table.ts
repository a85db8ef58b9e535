import { text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Name of the constraint that allows a customer one trial of a product. */
export const ONE_TRIAL = 'trials_customer_id';

/** Trials that customers have had. A customer is a keyed hash of the address; the hash stays when the person is forgotten. */
export const trialsTable = defineTable(
  'trials',
  {
    /** Of the event. */
    id: text().key(),
    license_id: text(),
    product_id: text(),
    customer_id: text(),
  },
  { uniques: [{ name: ONE_TRIAL, columns: ['customer_id', 'product_id'] }] },
);

export type TrialRow = RowOf<typeof trialsTable>;
