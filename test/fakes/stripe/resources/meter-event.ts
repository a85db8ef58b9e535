import { invalid } from '../errors.ts';
import type { Routes } from '../route.ts';
import type { World } from '../world.ts';

const DAY = 86_400;
const OLDEST = 35 * DAY;
const AHEAD = 300;
/** Identifiers are unique for at least a day; the fake forgets them after it. */
const UNIQUE = DAY;

const report = (world: World, code: string, message: string, identifier: string, meter: string | null): void => {
  const day = new Date(world.now() * 1000).toISOString();
  world.emitThin(
    meter === null ? 'v1.billing.meter.no_meter_found' : 'v1.billing.meter.error_report_triggered',
    meter === null ? null : { id: meter, type: 'billing.meter', url: `/v1/billing/meters/${meter}` },
    {
      developer_message_summary: 'There is 1 invalid event',
      reason: {
        error_count: 1,
        error_types: [{ code, error_count: 1, sample_errors: [{ error_message: message, request: { identifier } }] }],
      },
      validation_start: day,
      validation_end: day,
    },
  );
};

export const meterEvents: Routes = {
  'POST /v1/billing/meter_events': ({ world, params }) => {
    const event_name = params.needText('event_name');
    const payload = params.map('payload') ?? {};
    const identifier = params.text('identifier') ?? world.id('mev');
    if (identifier.length > 100) throw invalid('identifier must be at most 100 characters', { param: 'identifier' });
    const now = world.now();
    const timestamp = params.integer('timestamp') ?? now;
    if (timestamp > now + AHEAD)
      throw invalid('The timestamp must be at most 5 minutes in the future.', {
        code: 'timestamp_in_future',
        param: 'timestamp',
      });
    if (timestamp < now - OLDEST)
      throw invalid('The timestamp must be within the past 35 days.', {
        code: 'timestamp_too_far_in_past',
        param: 'timestamp',
      });
    if (world.uses.of(`identifier ${identifier}`).some(({ received }) => received > now - UNIQUE))
      throw invalid(`An event already exists with identifier ${identifier}.`, { param: 'identifier' });
    const event = {
      object: 'billing.meter_event',
      created: now,
      event_name,
      identifier,
      livemode: world.settings.livemode,
      payload,
      timestamp,
    };
    const meter = world.meters.of(event_name).find(({ status }) => status === 'active');
    // Stripe looks at what an event contains after it has answered: errors come as thin events.
    if (meter === undefined) {
      const inactive = world.meters.of(event_name)[0]?.id ?? null;
      report(
        world,
        inactive === null ? 'no_meter' : 'archived_meter',
        `No meter for ${event_name}`,
        identifier,
        inactive,
      );
      return event;
    }
    const customer = payload[meter.customer_mapping.event_payload_key];
    const value = meter.default_aggregation.formula === 'count' ? '1' : payload[meter.value_settings.event_payload_key];
    if (customer === undefined) report(world, 'meter_event_no_customer_defined', 'No customer', identifier, meter.id);
    else if (world.customers.get(customer) === undefined || world.deletedCustomers.has(customer))
      report(world, 'meter_event_customer_not_found', `No such customer: ${customer}`, identifier, meter.id);
    else if (value === undefined || !Number.isFinite(Number(value)))
      report(world, 'meter_event_invalid_value', `Invalid value: ${value}`, identifier, meter.id);
    else
      world.uses.add({
        id: world.id('use'),
        identifier,
        event_name,
        customer,
        value: Number(value),
        timestamp,
        received: now,
      });
    return event;
  },
};
