import { invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { WebhookEndpoint } from '../objects.ts';
import { mergedMetadata } from '../params.ts';
import type { Routes } from '../route.ts';
import { API_VERSION, type World } from '../world.ts';

const MOST = 16;

const endpointOf = (world: World, id: string): WebhookEndpoint => {
  const endpoint = world.endpoints.get(id);
  if (endpoint === undefined) throw missing('webhook endpoint', id);
  return endpoint;
};

/** Types that exist as thin events only: a webhook endpoint cannot subscribe to them. */
const checkTypes = (types: readonly string[]): void => {
  if (types.length === 0) throw invalid('Missing required param: enabled_events.', { param: 'enabled_events' });
  const thin = types.find((type) => type.startsWith('v1.') || type.startsWith('v2.'));
  if (thin !== undefined) throw invalid(`Invalid enabled_events: ${thin}`, { param: 'enabled_events' });
};

export const webhookEndpoints: Routes = {
  'POST /v1/webhook_endpoints': ({ world, params }) => {
    const url = params.needText('url');
    const enabled_events = params.texts('enabled_events') ?? [];
    checkTypes(enabled_events);
    if (world.endpoints.size >= MOST) throw invalid(`You have reached the maximum of ${MOST} test webhook endpoints.`);
    const api_version = params.text('api_version') ?? null;
    if (api_version !== null && api_version !== API_VERSION && api_version !== world.settings.default_api_version)
      throw invalid(`Invalid API version: ${api_version}`, { param: 'api_version' });
    const endpoint: WebhookEndpoint = {
      ...{ application: null },
      ...world.made('webhook_endpoint', 'we'),
      api_version,
      description: params.text('description') ?? null,
      enabled_events,
      metadata: mergedMetadata({}, params),
      status: 'enabled',
      url,
    };
    const secret = `whsec_${world.id('s').slice(2)}${'0'.repeat(16)}`;
    world.secrets.set(endpoint.id, [secret]);
    world.endpoints.add(endpoint);
    // Shown here, and never again.
    return { ...endpoint, secret };
  },
  'GET /v1/webhook_endpoints': ({ world, params }) => page('/v1/webhook_endpoints', world.endpoints, params),
  'GET /v1/webhook_endpoints/:id': ({ world, path }) => endpointOf(world, path('id')),
  'POST /v1/webhook_endpoints/:id': ({ world, params, path }) => {
    const endpoint = endpointOf(world, path('id'));
    const types = params.texts('enabled_events');
    if (types !== undefined) checkTypes(types);
    endpoint.enabled_events = types ?? endpoint.enabled_events;
    endpoint.url = params.text('url') ?? endpoint.url;
    if (params.has('description')) endpoint.description = params.text('description') ?? null;
    const disabled = params.flag('disabled');
    if (disabled !== undefined) endpoint.status = disabled ? 'disabled' : 'enabled';
    endpoint.metadata = mergedMetadata(endpoint.metadata, params);
    return endpoint;
  },
  'DELETE /v1/webhook_endpoints/:id': ({ world, path }) => {
    const { id } = endpointOf(world, path('id'));
    world.endpoints.remove(id);
    return { id, object: 'webhook_endpoint', deleted: true };
  },
};
