import type { QueryConfig } from 'pg';
import type { EventMetadata, RecordedEvent, UnrecordedEvent } from '../event.ts';
import { growthBy } from './schema.ts';
import type { EventData } from './upcast.ts';

/** What the database adds to an event. */
export interface InsertedRow {
  readonly position: string;
  readonly recorded_at: Date;
}

/** $8 is the channel of the NOTIFY, $9 says who wrote what. */
const INSERT_ONE = `with written as (
    insert into events (id, stream_id, version, type, schema_version, data, metadata)
    values ($1, $2, $3, $4, $5, $6, $7)
    returning position, recorded_at
  )
  select position, recorded_at, pg_notify($8, position || ' ' || $9) as told from written`;

/**
 * As above for any number of events, with one NOTIFY for all. A single event would pay for planning this each time. Events of a
 * command share their metadata: it is sent and read once ($10), and $7 says whose it is. Data comes as one text of JSON, where nothing is
 * escaped a second time.
 */
const INSERT_MANY = `with written as (
    insert into events (id, stream_id, version, type, schema_version, data, metadata)
    select id, stream_id, version, type, schema_version, data, ($10::jsonb[])[metadata]
    from rows from (
        unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::int[], $7::int[]),
        jsonb_array_elements($6::jsonb)
      ) with ordinality as e(id, stream_id, version, type, schema_version, metadata, data, n)
    order by n
    returning position, recorded_at
  )
  select position, recorded_at from written
  where (select pg_notify($8, max(position) || ' ' || $9) from written) is not null
  order by position`;

/**
 * The statement that appends events.
 * @param data what is written of each event
 * @param origin which process writes, for those who listen to `channel`
 */
export const insertionOf = (
  events: readonly UnrecordedEvent[],
  data: readonly EventData[],
  channel: string,
  origin: string,
): QueryConfig => {
  const types = events.map(({ type }) => type);
  const columns = [
    events.map(({ id }) => id),
    events.map(({ stream_id }) => stream_id),
    events.map(({ version }) => version),
    types,
    events.map(({ schema_version }) => schema_version),
  ];
  const places = new Map<EventMetadata, number>();
  for (const { metadata } of events) if (!places.has(metadata)) places.set(metadata, places.size + 1);
  const metadata = [...places.keys()].map((one) => JSON.stringify(one));
  const growth = growthBy(origin, new Set(types));
  return events.length === 1
    ? {
        name: 'append_one',
        text: INSERT_ONE,
        values: [...columns.flat(), JSON.stringify(data[0]), ...metadata, channel, growth],
      }
    : {
        name: 'append_many',
        text: INSERT_MANY,
        values: [
          ...columns,
          JSON.stringify(data),
          events.map((event) => places.get(event.metadata)),
          channel,
          growth,
          metadata,
        ],
      };
};

/** The events with what the statement returned. Positions were given in the order of the events. */
export const recordedFrom = (events: readonly UnrecordedEvent[], rows: readonly InsertedRow[]): RecordedEvent[] =>
  events.map((event, n) => {
    const row = rows[n];
    if (row === undefined) throw new Error(`event ${event.id} was not inserted`);
    return { ...event, position: Number(row.position), recorded_at: row.recorded_at.toISOString() };
  });
