import type { EntitlementValue } from '#domain/licensing/entitlements/entitlement';
import { boolean, integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Add-ons as they are listed. Rules are decided from their streams. */
export const addOnsTable = defineTable(
  'add_ons',
  {
    id: text().key(),
    version: integer(),
    product_id: text(),
    slug: text(),
    feature: text(),
    /** null = unlimited. */
    value: json<EntitlementValue>().orNull(),
    active: boolean(),
    sort_order: integer(),
    created_at: time(),
    updated_at: time(),
  },
  { uniques: [{ name: 'add_ons_slug', columns: ['product_id', 'slug'] }] },
);

export type AddOnRow = RowOf<typeof addOnsTable>;
