import type { ApiKeyEvent } from '#domain/identity/api-key/api-key';
import { tableProjection } from '#events/projection/table';
import { type ApiKeyRow, apiKeysTable } from './api-key.table.ts';

export const apiKeysProjection = tableProjection<ApiKeyRow, ApiKeyEvent>({
  table: apiKeysTable,
  types: ['api_key.*'],
  id: (recorded) => recorded.stream_id,
  evolve: (row, { event, version, stream_id, recorded_at }) => {
    if (row !== undefined && row.version >= version) return row;
    const at = new Date(recorded_at);
    if (event.type === 'api_key.created') {
      const { name, scopes, product_id, prefix, hash } = event;
      return { id: stream_id, version, name, scopes, product_id, prefix, hash, created_at: at, revoked_at: null };
    }
    if (row === undefined) return undefined;
    switch (event.type) {
      case 'api_key.renamed':
        return { ...row, version, name: event.name };
      case 'api_key.revoked':
        return { ...row, version, revoked_at: at };
      default:
        return { ...row, version };
    }
  },
});
