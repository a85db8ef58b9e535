import { integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Charges of subscriptions, until their invoices are issued. */
export const uninvoicedChargesTable = defineTable(
  'uninvoiced_charges',
  {
    invoice_id: text().key(),
    subscription_id: text(),
    /** Version of the event that has the charge. */
    version: integer(),
    since: time(),
  },
  { indices: [{ name: 'uninvoiced_charges_since', columns: ['since'] }] },
);

export type UninvoicedChargeRow = RowOf<typeof uninvoicedChargesTable>;
