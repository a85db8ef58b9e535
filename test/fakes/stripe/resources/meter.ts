import { invalid, missing } from '../errors.ts';
import { page, pageOf } from '../lists.ts';
import type { Meter } from '../objects.ts';
import type { Routes } from '../route.ts';
import type { World } from '../world.ts';
import { usageOf } from './meter-usage.ts';

const MINUTE = 60;
const WINDOWS: Readonly<Record<string, number>> = { hour: 3600, day: 86_400 };

export const meterOf = (world: World, id: string): Meter => {
  const meter = world.meters.get(id);
  if (meter === undefined) throw missing('billing meter', id);
  return meter;
};

export const meters: Routes = {
  'POST /v1/billing/meters': ({ world, params }) => {
    const event_name = params.needText('event_name');
    if (world.meters.of(event_name).some(({ status }) => status === 'active'))
      throw invalid(`An active meter already exists with event name ${event_name}.`, { param: 'event_name' });
    const aggregation = params.hash('default_aggregation');
    const mapping = params.hash('customer_mapping');
    mapping?.needChoice('type', ['by_id']);
    const made = world.made('billing.meter', 'mtr');
    const meter: Meter = {
      ...{ event_time_window: params.choice('event_time_window', ['day', 'hour']) ?? null },
      ...made,
      customer_mapping: {
        event_payload_key: mapping?.needText('event_payload_key') ?? 'stripe_customer_id',
        type: 'by_id',
      },
      default_aggregation: { formula: aggregation?.needChoice('formula', ['count', 'last', 'sum']) ?? 'sum' },
      display_name: params.needText('display_name'),
      event_name,
      status: 'active',
      status_transitions: { deactivated_at: null },
      updated: made.created,
      value_settings: { event_payload_key: params.hash('value_settings')?.text('event_payload_key') ?? 'value' },
    };
    world.meters.add(meter);
    world.emit('billing.meter.created', meter);
    return meter;
  },
  'GET /v1/billing/meters': ({ world, params }) => {
    const status = params.text('status');
    return page('/v1/billing/meters', world.meters, params, (meter) => status === undefined || meter.status === status);
  },
  'GET /v1/billing/meters/:id': ({ world, path }) => meterOf(world, path('id')),
  'POST /v1/billing/meters/:id': ({ world, params, path }) => {
    const meter = meterOf(world, path('id'));
    world.change(meter, 'billing.meter.updated', () => {
      meter.display_name = params.text('display_name') ?? meter.display_name;
      meter.updated = world.now();
    });
    return meter;
  },
  'POST /v1/billing/meters/:id/deactivate': ({ world, path }) => {
    const meter = meterOf(world, path('id'));
    meter.status = 'inactive';
    meter.status_transitions = { deactivated_at: world.now() };
    world.emit('billing.meter.deactivated', meter);
    return meter;
  },
  'POST /v1/billing/meters/:id/reactivate': ({ world, path }) => {
    const meter = meterOf(world, path('id'));
    meter.status = 'active';
    meter.status_transitions = { deactivated_at: null };
    world.emit('billing.meter.reactivated', meter);
    return meter;
  },
  'GET /v1/billing/meters/:id/event_summaries': ({ world, params, path }) => {
    const meter = meterOf(world, path('id'));
    const customer = params.needText('customer');
    const start = params.needInteger('start_time');
    const end = params.needInteger('end_time');
    const grouping = params.choice('value_grouping_window', ['hour', 'day']);
    const window = WINDOWS[grouping ?? ''] ?? end - start;
    for (const [name, time] of [
      ['start_time', start],
      ['end_time', end],
    ] as const)
      if (time % (grouping === undefined ? MINUTE : window) !== 0)
        throw invalid(`\`${name}\` must be aligned to the ${grouping ?? 'minute'}.`, { param: name });
    if (end <= start) throw invalid('`end_time` must be after `start_time`.', { param: 'end_time' });
    // Summaries lag behind the events.
    const arrived = world.now() - world.settings.meter_lag_seconds;
    const summaries = [];
    for (let at = start; at < end; at += window) {
      const period = { start: at, end: at + window };
      const aggregated_value = usageOf(world, meter, customer, period, arrived);
      if (aggregated_value === 0) continue;
      summaries.unshift({
        id: `mtrusg_${meter.id.slice(-12)}${at}`,
        object: 'billing.meter_event_summary',
        aggregated_value,
        end_time: period.end,
        livemode: world.settings.livemode,
        meter: meter.id,
        start_time: period.start,
      });
    }
    return pageOf(`/v1/billing/meters/${meter.id}/event_summaries`, summaries, params);
  },
};
