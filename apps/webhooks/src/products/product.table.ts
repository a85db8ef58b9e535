import { text } from '#platform/database/column';
import { defineTable } from '#platform/database/table';

/** Known products; licensing owns them. */
export const knownProductsTable = defineTable('known_products', { id: text().key() });
