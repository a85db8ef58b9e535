import { boolean, integer, text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** The columns of products that releases need; licensing owns the products. */
export const productsTable = defineTable(
  'products',
  {
    id: text().key(),
    version: integer(),
    name: text(),
    slug: text(),
    product_type: text(),
    /** Releases of the product must be signed. */
    require_signing: boolean(),
  },
  { indices: [{ name: 'products_slug', columns: ['slug'] }] },
);

export type ProductRow = RowOf<typeof productsTable>;
