import type { AddOnEvent } from '#domain/licensing/add-on/add-on';
import { tableProjection } from '#events/projection/table';
import { type AddOnRow, addOnsTable } from './add-on.table.ts';

export const addOnsProjection = tableProjection<AddOnRow, AddOnEvent>({
  table: addOnsTable,
  types: ['add_on.created', 'add_on.updated'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version, recorded_at }) => {
    const updated_at = new Date(recorded_at);
    switch (event.type) {
      case 'add_on.created': {
        const { type: _event, ...terms } = event;
        return { id: stream_id, version, ...terms, created_at: updated_at, updated_at };
      }
      case 'add_on.updated':
        return row && { ...row, ...event.changes, version, updated_at };
      default:
        return row;
    }
  },
});
