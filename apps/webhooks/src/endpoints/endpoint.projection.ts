import type { WebhookEndpointEvent } from '#domain/webhook-endpoint/webhook-endpoint';
import { tableProjection } from '#events';
import type { EndpointRow } from './endpoint.table.ts';

export const endpointsProjection = tableProjection<EndpointRow, WebhookEndpointEvent>({
  name: 'webhook_endpoints',
  table: 'webhook_endpoints',
  key: 'id',
  columns: {
    id: 'text',
    version: 'integer',
    product_id: 'text',
    url: 'text',
    description: 'text',
    events: 'jsonb',
    ordering: 'text',
    active: 'boolean',
    disabled_reason: 'text',
    secrets: 'jsonb',
    created_at: 'timestamptz',
  },
  types: ['webhook.endpoint_*'],
  id: (recorded) => recorded.stream_id,
  evolve: (row, { event, version, stream_id, recorded_at }) => {
    if (row !== undefined && row.version >= version) return row;
    if (event.type === 'webhook.endpoint_created') {
      const { product_id, url, description, events, ordering, secret } = event;
      return {
        id: stream_id,
        version,
        product_id,
        url,
        description,
        events,
        ordering,
        active: true,
        disabled_reason: null,
        secrets: [{ sealed: secret, valid_until: null }],
        created_at: new Date(recorded_at),
      };
    }
    if (row === undefined) return undefined;
    switch (event.type) {
      case 'webhook.endpoint_updated': {
        const { url = row.url, description = row.description, events = row.events } = event;
        return { ...row, version, url, description, events };
      }
      case 'webhook.endpoint_secret_rotated': {
        const { secret, previous_valid_until } = event;
        const replaced = row.secrets.map(({ sealed, valid_until }) => ({
          sealed,
          valid_until: valid_until ?? previous_valid_until,
        }));
        const alive = replaced.filter(({ valid_until }) => valid_until > recorded_at);
        return { ...row, version, secrets: [{ sealed: secret, valid_until: null }, ...alive] };
      }
      case 'webhook.endpoint_enabled':
        return { ...row, version, active: true, disabled_reason: null };
      case 'webhook.endpoint_disabled':
        return { ...row, version, active: false, disabled_reason: event.reason };
      case 'webhook.endpoint_deleted':
        return null;
      default:
        return { ...row, version };
    }
  },
});
