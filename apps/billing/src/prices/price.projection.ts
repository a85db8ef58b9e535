import type { PriceEvent } from '#domain/billing/price/price';
import { tableProjection } from '#events/projection/table';
import { type PriceRow, pricesTable } from './price.table.ts';

export const pricesProjection = tableProjection<PriceRow, PriceEvent>({
  table: pricesTable,
  types: ['price.created', 'price.updated'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version, recorded_at }) => {
    const updated_at = new Date(recorded_at);
    switch (event.type) {
      case 'price.created': {
        const { type: _event, amount, setup_amount, ...price } = event;
        const amounts = { amount: String(amount), setup_amount: String(setup_amount) };
        return { id: stream_id, version, ...price, ...amounts, created_at: updated_at, updated_at };
      }
      case 'price.updated':
        return row && { ...row, ...event.changes, version, updated_at };
      default:
        return row;
    }
  },
});
