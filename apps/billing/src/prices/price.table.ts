import type { PriceInterval, TaxBehavior, UsagePricing } from '#domain/billing/price/price.terms';
import { bigint, boolean, integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Prices as they are listed. Rules are decided from their streams. */
export const pricesTable = defineTable(
  'prices',
  {
    id: text().key(),
    version: integer(),
    product_id: text(),
    plan_id: text(),
    amount: bigint(),
    currency: text(),
    interval: text<PriceInterval>().orNull(),
    interval_count: integer(),
    tax_behavior: text<TaxBehavior>(),
    trial_days: integer(),
    usage: json<UsagePricing>().orNull(),
    setup_amount: bigint(),
    active: boolean(),
    nickname: text().orNull(),
    lookup_key: text().orNull(),
    metadata: json<Readonly<Record<string, unknown>>>(),
    created_at: time(),
    updated_at: time(),
  },
  {
    uniques: [{ name: 'prices_lookup_key', columns: ['lookup_key'] }],
    indices: [
      { name: 'prices_plan_id', columns: ['plan_id', 'id'] },
      { name: 'prices_product_id', columns: ['product_id', 'id'] },
    ],
  },
);

export type PriceRow = RowOf<typeof pricesTable>;
