import type { WebhookEndpointEvent } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { RecordedEvent } from '#events/event';
import { tableProjection } from '#events/projection/table';
import { type EndpointRow, endpointsTable } from './endpoint.table.ts';

export const endpointsProjection = tableProjection<EndpointRow, WebhookEndpointEvent>({
  table: endpointsTable,
  types: ['webhook.endpoint_*'],
  id: (recorded) => recorded.stream_id,
  evolve: (row, recorded) => endpointAfter(row, recorded),
});

/** An endpoint's row after one more event; null = deleted, undefined = never created. */
export const endpointAfter = (
  row: EndpointRow | undefined,
  { event, version, stream_id, recorded_at }: RecordedEvent<WebhookEndpointEvent>,
): EndpointRow | null | undefined => {
  if (row !== undefined && row.version >= version) return row;
  if (event.type === 'webhook.endpoint_created') {
    const { product_id, url, description, events, ordering, secret, signing_key, settings } = event;
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
      disabled_at: null,
      secrets: [{ sealed: secret, signing_key, valid_until: null }],
      settings,
      created_at: new Date(recorded_at),
    };
  }
  if (row === undefined) return undefined;
  switch (event.type) {
    case 'webhook.endpoint_updated': {
      const { url = row.url, description = row.description, events = row.events } = event;
      const settings = { ...row.settings, ...event.settings };
      return { ...row, version, url, description, events, settings };
    }
    case 'webhook.endpoint_secret_rotated': {
      const { secret, signing_key, previous_valid_until } = event;
      const replaced = row.secrets.map((kept) => ({
        ...kept,
        valid_until: kept.valid_until ?? previous_valid_until,
      }));
      const alive = replaced.filter(({ valid_until }) => valid_until > recorded_at);
      return { ...row, version, secrets: [{ sealed: secret, signing_key, valid_until: null }, ...alive] };
    }
    case 'webhook.endpoint_enabled':
      return { ...row, version, active: true, disabled_reason: null };
    case 'webhook.endpoint_disabled':
      return { ...row, version, active: false, disabled_reason: event.reason, disabled_at: new Date(recorded_at) };
    case 'webhook.endpoint_deleted':
      return null;
    default:
      return { ...row, version };
  }
};
