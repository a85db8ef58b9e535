import type { KeyFormat, ProductType } from '#domain/licensing/product/product';
import { boolean, integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Products as they are listed. Rules are decided from their streams. */
export const productsTable = defineTable(
  'products',
  {
    id: text().key(),
    version: integer(),
    name: text(),
    slug: text(),
    product_type: text<ProductType>(),
    minimum_supported_version: text().orNull(),
    minimum_supported_message: text().orNull(),
    require_signing: boolean(),
    key_format: text<KeyFormat>(),
    key_prefix: text().orNull(),
    allow_multiple_subscriptions: boolean().default(false),
    created_at: time(),
    updated_at: time(),
  },
  { uniques: [{ name: 'products_slug', columns: ['slug'] }] },
);

export type ProductRow = RowOf<typeof productsTable>;
