import type { QuotaPeriod } from '#domain/licensing/entitlements/entitlement';
import { bigint, integer, numeric, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Usage of a feature in each period, and the stream versions of the last notices and the last reset. */
export const usageCountersTable = defineTable('usage_counters', {
  license_id: text().key(),
  feature: text().key(),
  period: text<QuotaPeriod>().key(),
  period_start: time().key(),
  period_end: time().orNull(),
  used: numeric(),
  /** The stream version of the last `quota.warning` (0 = never), and its limit. */
  warned_in: integer(),
  warned_limit: bigint(),
  exceeded_in: integer(),
  exceeded_limit: bigint(),
  reset_in: integer(),
  version: integer(),
});

export type UsageCounterRow = RowOf<typeof usageCountersTable>;

/** Usage of a feature in each hour, for series. */
export const usageByHourTable = defineTable('usage_by_hour', {
  license_id: text().key(),
  feature: text().key(),
  hour: time().key(),
  quantity: numeric(),
  records: bigint(),
  version: integer(),
});

export type UsageByHourRow = RowOf<typeof usageByHourTable>;
