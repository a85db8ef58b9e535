import { integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Key batches as they are listed. Rules are decided from their streams. */
export const keyBatchesTable = defineTable(
  'key_batches',
  {
    id: text().key(),
    version: integer(),
    product_id: text(),
    plan_id: text(),
    name: text(),
    status: text<'active' | 'voided'>(),
    count: integer(),
    redeemed: integer(),
    redeem_until: time().orNull(),
  },
  {
    indices: [
      { name: 'key_batches_product_id', columns: ['product_id', 'id'] },
      { name: 'key_batches_plan_id', columns: ['plan_id'] },
    ],
  },
);

export type KeyBatchRow = RowOf<typeof keyBatchesTable>;

/** Codes, found by their hash. */
export const keyBatchCodesTable = defineTable(
  'key_batch_codes',
  {
    batch_id: text().key(),
    /** Position of the code in its batch, from 1. */
    number: integer().key(),
    code_hash: text(),
    license_id: text().orNull(),
    redeemed_at: time().orNull(),
  },
  { uniques: [{ name: 'key_batch_codes_hash', columns: ['code_hash'] }] },
);
