import { boolean, integer, text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Products as releases need to know them; licensing owns them. */
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
