import { integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Activations that use a slot of their license. The table finds those that were not verified for a long time. */
export const activationsTable = defineTable(
  'activations',
  {
    id: text().key(),
    /** Of the license. */
    version: integer(),
    license_id: text(),
    identifier_hash: text(),
    added_at: time(),
  },
  { indices: [{ name: 'activations_license_id', columns: ['license_id'] }] },
);

export type ActivationRow = RowOf<typeof activationsTable>;
