import { invalid, missing } from '../errors.ts';
import type { EventDestination } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { Call, Routes } from '../route.ts';
import type { World } from '../world.ts';

const destinationOf = ({ world, path }: Call): EventDestination => {
  const destination = world.destinations.get(path('id'));
  if (destination === undefined) throw missing('event destination', path('id'));
  return destination;
};

/** The URL and, at creation alone, the secret are shown only when `include` asks for them. */
const shown = (world: World, destination: EventDestination, params: Params, secret: boolean): object => {
  const include = params.texts('include') ?? [];
  const [newest = ''] = (world.secrets.get(destination.id) ?? []).slice(-1);
  const endpoint = {
    ...(include.includes('webhook_endpoint.url') && destination.webhook_endpoint),
    ...(secret && include.includes('webhook_endpoint.signing_secret') && { signing_secret: newest }),
  };
  return { ...destination, webhook_endpoint: Object.keys(endpoint).length > 0 ? endpoint : null };
};

const time = (world: World): string => new Date(world.now() * 1000).toISOString();

const switched = (call: Call, status: 'enabled' | 'disabled'): object => {
  const destination = destinationOf(call);
  destination.status = status;
  destination.updated = time(call.world);
  return shown(call.world, destination, call.params, false);
};

export const eventDestinations: Routes = {
  'POST /v2/core/event_destinations': ({ world, params }) => {
    const url = params.hash('webhook_endpoint')?.needText('url') ?? '';
    params.needChoice('event_payload', ['thin']);
    params.needChoice('type', ['webhook_endpoint']);
    const enabled_events = params.texts('enabled_events') ?? [];
    if (enabled_events.length === 0) throw invalid('enabled_events must not be empty', { param: 'enabled_events' });
    const events_from = params.texts('events_from') ?? ['self'];
    const destination: EventDestination = {
      ...{ events_from, status_details: null, snapshot_api_version: null },
      id: world.id('ed_test'),
      object: 'v2.core.event_destination',
      created: time(world),
      updated: time(world),
      description: params.text('description') ?? '',
      enabled_events,
      event_payload: 'thin',
      livemode: world.settings.livemode,
      metadata: mergedMetadata({}, params),
      name: params.needText('name'),
      status: 'enabled',
      type: 'webhook_endpoint',
      webhook_endpoint: { url },
    };
    world.secrets.set(destination.id, [`whsec_${world.id('s').slice(2)}${'1'.repeat(16)}`]);
    world.destinations.add(destination);
    return shown(world, destination, params, true);
  },
  'GET /v2/core/event_destinations': ({ world, params }) => {
    const limit = params.integer('limit') ?? 20;
    const all = [...world.destinations.all()].reverse();
    const start = Number(params.text('page') ?? 0);
    const data = all.slice(start, start + limit).map((one) => shown(world, one, params, false));
    const more = start + limit < all.length;
    const next = `/v2/core/event_destinations?page=${start + limit}&limit=${limit}`;
    return { data, next_page_url: more ? next : null, previous_page_url: null };
  },
  'GET /v2/core/event_destinations/:id': (call) => shown(call.world, destinationOf(call), call.params, false),
  'POST /v2/core/event_destinations/:id': (call) => {
    const destination = destinationOf(call);
    const { params, world } = call;
    destination.name = params.text('name') ?? destination.name;
    destination.description = params.text('description') ?? destination.description;
    destination.enabled_events = params.texts('enabled_events') ?? destination.enabled_events;
    const url = params.hash('webhook_endpoint')?.text('url');
    if (url !== undefined) destination.webhook_endpoint = { url };
    destination.metadata = mergedMetadata(destination.metadata, params);
    destination.updated = time(world);
    return shown(world, destination, params, false);
  },
  'DELETE /v2/core/event_destinations/:id': (call) => {
    const { id } = destinationOf(call);
    call.world.destinations.remove(id);
    return { id, object: 'v2.core.event_destination' };
  },
  'POST /v2/core/event_destinations/:id/disable': (call) => switched(call, 'disabled'),
  'POST /v2/core/event_destinations/:id/enable': (call) => switched(call, 'enabled'),
};
