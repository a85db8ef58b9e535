import { boolean, integer, text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** The columns of products that billing needs; licensing owns the products. */
export const productsTable = defineTable('products', {
  id: text().key(),
  version: integer(),
  name: text(),
  /** A subscriber may have several live subscriptions of the product at a time. */
  allow_multiple_subscriptions: boolean(),
});

export type ProductRow = RowOf<typeof productsTable>;
