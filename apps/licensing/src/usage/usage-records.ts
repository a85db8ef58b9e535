import { Inject, Injectable } from '@nestjs/common';
import { type UsageEvent, usageStreamId } from '#domain/licensing/usage/usage';
import type { RecordedEvent } from '#events/event';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { pages } from '#platform/export/streams';

type Recorded = RecordedEvent<Extract<UsageEvent, { type: 'usage.recorded' }>>;

/** Filter for usage records. Both times refer to the time of use: `from` is inclusive, `to` is exclusive. */
export interface RecordFilter {
  readonly license_id?: string | undefined;
  readonly product_id?: string | undefined;
  readonly feature?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Event types in the usage streams other than records. The index `events_on_quotas` has exactly these types. */
const NOTICES = ['quota.warning', 'quota.exceeded', 'usage.reset'] as const;

/** Reads usage records from the event log. They are stored nowhere else. */
@Injectable()
export class UsageRecords {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  /** The streams of all features that the license has used, or that it was refused. */
  async streamsOf(license_id: string): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ feature: string }>({
      // Jumps from one feature directly to the next: an hourly counter has thousands of rows.
      text: `with recursive used(feature) as (
          (select feature from usage_counters where license_id = $1 order by feature limit 1)
          union all
          select (select c.feature from usage_counters as c where c.license_id = $1 and c.feature > used.feature
            order by c.feature limit 1) from used where used.feature is not null
        ) select feature from used where feature is not null`,
      values: [license_id],
    });
    return rows.map(({ feature }) => usageStreamId(license_id, feature));
  }

  /** A license's records, newest first, before a position. */
  async page(license_id: string, feature: string | undefined, before: number, limit: number): Promise<Recorded[]> {
    const streams = feature === undefined ? await this.streamsOf(license_id) : [usageStreamId(license_id, feature)];
    return (await this.store.readStreams(streams, { before, limit, without: NOTICES })) as unknown as Recorded[];
  }

  /** Other events on the quotas of a license, oldest first, after a position. */
  async notices(license_id: string, after: number, limit: number): Promise<RecordedEvent[]> {
    return this.store.readStreams(await this.streamsOf(license_id), { after, limit, only: NOTICES });
  }

  /** All records that match, in the order in which they were counted. */
  async *all(filter: RecordFilter): AsyncIterable<Recorded> {
    const { license_id } = filter;
    const streams = license_id === undefined ? undefined : await this.streamsOf(license_id);
    const rows = pages<RecordedEvent>((last, limit) => {
      const after = last?.position ?? 0;
      return streams === undefined
        ? this.store.readAll({ after, limit, types: ['usage.recorded'] })
        : this.store.readStreams(streams, { after, limit, without: NOTICES });
    });
    for await (const row of rows as AsyncIterable<Recorded>) if (matches(filter, row)) yield row;
  }
}

const matches = ({ product_id, feature, from, to }: RecordFilter, { event }: Recorded): boolean =>
  (product_id === undefined || event.product_id === product_id) &&
  (feature === undefined || event.feature === feature) &&
  (from === undefined || event.occurred_at >= from) &&
  (to === undefined || event.occurred_at < to);

/** A record in the form that administrators get. */
export const viewRecord = ({ id, event, recorded_at, metadata: { actor } }: Recorded) => ({
  id,
  license_id: event.license_id,
  product_id: event.product_id,
  feature: event.feature,
  quantity: event.quantity,
  used: Number(event.used),
  overage: event.overage,
  period: event.period,
  period_start: event.period_start,
  occurred_at: event.occurred_at,
  recorded_at,
  idempotency_key: event.idempotency_key,
  metadata: event.metadata,
  actor,
});
