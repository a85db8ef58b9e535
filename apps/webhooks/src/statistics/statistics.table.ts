import { integer, integers, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Counts of attempts: one row for each webhook and hour. */
export const statisticsTable = defineTable('delivery_statistics', {
  endpoint_id: text().key(),
  hour: time().key(),
  succeeded: integer(),
  failed: integer(),
  /** Number of attempts by duration, in the buckets of latency.ts. */
  latency: integers(),
});

export type HourRow = RowOf<typeof statisticsTable>;
