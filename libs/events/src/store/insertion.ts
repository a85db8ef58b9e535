import type { QueryConfig, QueryResult } from 'pg';
import type { RecordedEvent, UnrecordedEvent } from '../event.ts';
import { arrayOf } from './array.ts';
import { growthBy } from './schema.ts';
import type { EventData } from './upcast.ts';

/** The values that the database adds to events that are inserted together. */
interface Inserted {
  /** In the order of the events, separated by spaces: this makes one message instead of one per row. */
  readonly positions: string;
  readonly recorded_at: Date;
}

/** $8 is the channel of the NOTIFY; $9 names the writer and the event types. */
const INSERT_ONE = `with written as (
    insert into events (id, stream_id, version, type, schema_version, data, metadata)
    values ($1, $2, $3, $4, $5, $6, $7)
    returning position, recorded_at
  )
  select position as positions, recorded_at, pg_notify($8, position || ' ' || $9) as told from written`;

/**
 * As above for any number of events, with one NOTIFY for all. A single event would pay for planning this each time. Values
 * that consecutive events share are sent and read once ($1 … $5), and $8 assigns them to the events: for a command with many
 * events this removes most of the message, so PostgreSQL reads it without waiting for this process to fill its socket again.
 * Data is sent as one JSON text, which avoids a second escaping.
 */
const INSERT_MANY = `with written as (
    insert into events (id, stream_id, version, type, schema_version, data, metadata, recorded_at)
    select id, ($1::text[])[of + 1], version, ($2::text[])[of + 1], ($3::int[])[of + 1], ($4::jsonb -> of) || data, $5::jsonb -> of,
      (select date_trunc('milliseconds', clock_timestamp()))
    from rows from (unnest($6::text[], $7::int[], $8::int[]), jsonb_array_elements($9::jsonb))
      with ordinality as e(id, version, of, data, n)
    order by n
    returning position, recorded_at
  )
  select string_agg(position::text, ' ' order by position) as positions, min(recorded_at) as recorded_at,
    pg_notify($10, max(position) || ' ' || $11) as told
  from written`;

/**
 * The statement that appends events.
 * @param data what is written of each event
 * @param origin the writing process, for the listeners on `channel`
 */
export const insertionOf = (
  events: readonly UnrecordedEvent[],
  data: readonly EventData[],
  channel: string,
  origin: string,
): QueryConfig => {
  const growth = growthBy(origin, new Set(events.map(({ type }) => type)));
  const [first] = events;
  if (first !== undefined && events.length === 1) {
    const { id, stream_id, version, type, schema_version, metadata } = first;
    const json = [data[0], metadata].map((one) => JSON.stringify(one));
    return {
      name: 'append_one',
      text: INSERT_ONE,
      values: [id, stream_id, version, type, schema_version, ...json, channel, growth],
    };
  }
  const { groups, groupOf } = neighbours(events);
  const shared = groups.map(({ from, to }) => sharedBy(data.slice(from, to)));
  const own = data.map((one, n) => without(one, shared[groupOf[n] ?? 0] ?? NOTHING));
  return {
    name: 'append_many',
    text: INSERT_MANY,
    values: [
      arrayOf(groups.map(({ of }) => of.stream_id)),
      arrayOf(groups.map(({ of }) => of.type)),
      arrayOf(groups.map(({ of }) => of.schema_version)),
      JSON.stringify(shared),
      JSON.stringify(groups.map(({ of }) => of.metadata)),
      arrayOf(events.map(({ id }) => id)),
      arrayOf(events.map(({ version }) => version)),
      arrayOf(groupOf),
      JSON.stringify(own),
      channel,
      growth,
    ],
  };
};

/** Consecutive events that differ only in their ids, versions and data. */
interface Group {
  readonly of: UnrecordedEvent;
  readonly from: number;
  to: number;
}

const neighbours = (
  events: readonly UnrecordedEvent[],
): { readonly groups: readonly Group[]; readonly groupOf: readonly number[] } => {
  const groups: Group[] = [];
  const groupOf = events.map((event, n) => {
    const last = groups.at(-1);
    if (last !== undefined && isAlike(last.of, event)) last.to = n + 1;
    else groups.push({ of: event, from: n, to: n + 1 });
    return groups.length - 1;
  });
  return { groups, groupOf };
};

const isAlike = (one: UnrecordedEvent, other: UnrecordedEvent): boolean =>
  one.stream_id === other.stream_id &&
  one.type === other.type &&
  one.schema_version === other.schema_version &&
  one.metadata === other.metadata;

const NOTHING: EventData = {};

/** The values that all of them share; for a single event, none. */
const sharedBy = ([first = {}, ...others]: readonly EventData[]): EventData =>
  others.length === 0
    ? NOTHING
    : Object.fromEntries(Object.entries(first).filter(([key, value]) => others.every((other) => other[key] === value)));

const without = (data: EventData, shared: EventData): EventData => {
  if (shared === NOTHING) return data;
  const own: Record<string, unknown> = {};
  for (const key of Object.keys(data)) if (!Object.hasOwn(shared, key)) own[key] = data[key];
  return own;
};

/** By id. */
export type Recorded = ReadonlyMap<string, RecordedEvent>;

/**
 * The events with what the database added to them. Positions were given in their order.
 * @param inserted the answer to their insertion; undefined where there was none, as there were no events
 */
export const recordedOf = (events: readonly UnrecordedEvent[], inserted: QueryResult | undefined): Recorded => {
  if (events.length === 0) return new Map();
  const [row] = (inserted?.rows ?? []) as Inserted[];
  const positions = row?.positions.split(' ');
  if (row === undefined || positions?.length !== events.length)
    throw new Error(`of ${events.length} events ${positions?.length ?? 0} were inserted`);
  const recorded_at = row.recorded_at.toISOString();
  return new Map(events.map((event, n) => [event.id, { ...event, position: Number(positions[n]), recorded_at }]));
};
