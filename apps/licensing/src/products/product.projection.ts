import { PRODUCT_DEFAULTS, type ProductEvent } from '#domain/licensing/product/product';
import { tableProjection } from '#events/projection/table';
import { type ProductRow, productsTable } from './product.table.ts';

export const productsProjection = tableProjection<ProductRow, ProductEvent>({
  table: productsTable,
  types: ['product.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version, recorded_at }) => {
    const updated_at = new Date(recorded_at);
    switch (event.type) {
      case 'product.created': {
        const { type: _event, product_id: _id, ...terms } = event;
        return { id: stream_id, version, ...PRODUCT_DEFAULTS, ...terms, created_at: updated_at, updated_at };
      }
      case 'product.updated':
        return row && { ...row, ...event.changes, version, updated_at };
      default:
        return row;
    }
  },
});
