import { bigint, integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/**
 * All usage that licensing recorded, a row for each record. The key is also the only index: it finds the records of a license and
 * feature in [from, to), and a record that is delivered again is the same row.
 */
export const usageRecordsTable = defineTable('usage_records', {
  license_id: text().key(),
  feature: text().key(),
  /** When the feature was used. */
  at: time().key(),
  /** The version of the record's stream in licensing. */
  version: integer().key(),
  /** The id of the event that recorded it. */
  id: text(),
  product_id: text(),
  quantity: bigint(),
  /** What the aggregation `unique` counts; null = the record counts by itself. */
  unique_key: text().orNull(),
});

export type UsageRecordRow = RowOf<typeof usageRecordsTable>;

/** The features that a license has used, and how late usage of them may arrive. */
export const usageFeaturesTable = defineTable('usage_features', {
  license_id: text().key(),
  feature: text().key(),
  /** The longest quota period of its records, as an index of QUOTA_PERIODS. */
  longest: integer(),
});

export type UsageFeatureRow = RowOf<typeof usageFeaturesTable>;
