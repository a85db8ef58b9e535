import { Controller, Inject } from '@nestjs/common';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import type { MeteredDeltaRow } from './metered-delta.table.ts';
import { listMetering, type MeteredDelta, retryMetering } from './metering.endpoints.ts';
import { Metering } from './metering.ts';

/** Usage on its way to the meters of a provider. */
@Controller()
export class MeteringController {
  constructor(
    private readonly metering: Metering,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(listMetering)
  async list({ query, principal }: Call<typeof listMetering>): Promise<unknown> {
    const { limit = DEFAULT_LIMIT, cursor, status, license_id } = query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const wanted = { ...(status && { status }), ...(license_id && { license_id }) };
    const rows = await this.metering.list(wanted, principal, before, limit + 1);
    return pageOf(rows, limit, ({ id }) => [id], view);
  }

  @Endpoint(retryMetering)
  async retry({ params, principal }: Call<typeof retryMetering>): Promise<MeteredDelta> {
    return view(await this.metering.retry(params.id, { at: this.clock.now().toISOString() }, principal));
  }
}

const view = (row: MeteredDeltaRow): MeteredDelta => {
  const { id, license_id, subscription_id, customer_id, feature, meter_event_name, aggregation } = row;
  const { status, external_id, attempts, last_error } = row;
  return {
    ...{ id, license_id, subscription_id, customer_id, feature, meter_event_name, aggregation },
    quantity: row.quantity === null ? null : Number(row.quantity),
    period_key: row.period_start.toISOString(),
    minute: row.minute.toISOString(),
    identifier: id,
    status,
    synced: status === 'synced',
    synced_at: row.synced_at?.toISOString() ?? null,
    ...{ external_id, attempts, last_error },
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
  };
};
