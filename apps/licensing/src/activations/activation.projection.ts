import type { LicenseEvent } from '#domain/licensing/license/license';
import { tableProjection } from '#events/projection/table';
import { type ActivationRow, activationsTable } from './activation.table.ts';

type ActivationEvent = Extract<LicenseEvent, { type: 'activation.added' | 'activation.removed' }>;

export const activationsProjection = tableProjection<ActivationRow, ActivationEvent>({
  table: activationsTable,
  types: ['activation.added', 'activation.removed'],
  id: ({ event }) => event.activation_id,
  evolve: (_row, { event, stream_id, version }) => {
    if (event.type === 'activation.removed') return null;
    const { activation_id: id, identifier_hash, added_at } = event;
    return { id, version, license_id: stream_id, identifier_hash, added_at: new Date(added_at) };
  },
});
