import { escapeLiteral, type Pool, type PoolClient } from 'pg';
import { connected } from '../connection.ts';
import type { DomainEvent } from '../decider.ts';
import type { RecordedEvent } from '../event.ts';
import type { EventStore } from '../store.ts';
import type { Reading } from './append.ts';
import { arrayOf } from './array.ts';
import { askAgain } from './away.ts';
import { LOGGED_COLUMNS, type LoggedEvent } from './logged-event.ts';
import type { PersonalData } from './personal.ts';
import type { Schemas } from './upcast.ts';

/** Folds the next events of a stream into its state. */
export const fold = (known: Reading, events: readonly RecordedEvent[]): void => {
  for (const { event, version } of events) {
    known.state = known.type.evolve(known.state, event);
    known.version = version;
  }
};

/** Reads events from the log, upcasts them and decrypts their personal data. */
export class LogReader {
  constructor(
    private readonly pool: Pool,
    private readonly schemas: Schemas,
    private readonly personal: PersonalData,
    private readonly orderingLock: string,
  ) {}

  async stream<Event extends DomainEvent>(
    streamId: string,
    { after = 0, limit = 2 ** 31 - 1, until, client = this.pool }: StreamRange = {},
  ): Promise<RecordedEvent<Event>[]> {
    const { rows } = await client.query<LoggedEvent>({
      name: until === undefined ? 'read_stream' : 'read_stream_until',
      text: `select ${LOGGED_COLUMNS} from events where stream_id = $1 and version > $2
        ${until === undefined ? '' : 'and recorded_at <= $4'} order by version limit $3`,
      values: until === undefined ? [streamId, after, limit] : [streamId, after, limit, until],
    });
    return this.#decode<Event>(rows);
  }

  /** All events of each of these streams, in order. */
  async histories(streamIds: readonly string[]): Promise<ReadonlyMap<string, readonly RecordedEvent[]>> {
    const query = {
      name: 'read_histories',
      text: `select ${LOGGED_COLUMNS} from events where stream_id = any($1) order by stream_id, version`,
      values: [streamIds],
    };
    const { rows } = await askAgain(() => this.pool.query<LoggedEvent>(query));
    return Map.groupBy(await this.#decode(rows), ({ stream_id }) => stream_id);
  }

  async streams(
    streamIds: readonly string[],
    { limit, only = [], without = [], ...from }: StreamsRange,
  ): Promise<RecordedEvent[]> {
    const [edge, beyond, order] = 'before' in from ? [from.before, '<', 'desc'] : [from.after, '>', 'asc'];
    // The types are part of the statement's text, so that a partial index on some of them can serve it.
    const types = [...typesIn('in', only), ...typesIn('not in', without)].join(' ');
    const { rows } = await this.pool.query<LoggedEvent>({
      // One index scan a stream: within a stream, versions and positions ascend together.
      text: `select e.* from unnest($1::text[]) as s(id) cross join lateral (
          select ${LOGGED_COLUMNS} from events
          where stream_id = s.id and position ${beyond} $2 ${types}
          order by version ${order} limit $3
        ) as e order by e.position ${order} limit $3`,
      values: [streamIds, edge, limit],
    });
    return this.#decode(rows);
  }

  async find<Event extends DomainEvent>(ids: readonly string[]): Promise<Map<string, RecordedEvent<Event>>> {
    if (ids.length === 0) return new Map();
    const { rows } = await this.pool.query<LoggedEvent>({
      name: 'find_events',
      text: `select ${LOGGED_COLUMNS} from events where id = any($1::text[])`,
      values: [arrayOf(ids)],
    });
    return new Map((await this.#decode<Event>(rows)).map((event) => [event.id, event]));
  }

  async all({ after, limit, types }: AllRange): Promise<RecordedEvent[]> {
    const filter = types === undefined || types.includes('*') ? undefined : types.map(likePattern);
    const { rows } = await this.pool.query<LoggedEvent>({
      name: filter === undefined ? 'read_all' : 'read_types',
      text: `select ${LOGGED_COLUMNS} from events where position > $1
        ${filter === undefined ? '' : 'and type like any($3)'} order by position limit $2`,
      values: filter === undefined ? [after, limit] : [after, limit, filter],
    });
    return this.#decode(rows);
  }

  /** The latest version of each of these streams that exists. */
  async heads(streamIds: readonly string[], client: Pool | PoolClient = this.pool): Promise<Map<string, number>> {
    const { rows } = await client.query<{ stream_id: string; version: number }>({
      name: 'stream_heads',
      text: `select s.id as stream_id, head.version from unnest($1::text[]) as s(id)
        cross join lateral (select version from events where stream_id = s.id order by version desc limit 1) as head`,
      values: [[...new Set(streamIds)]],
    });
    return new Map(rows.map(({ stream_id, version }) => [stream_id, version]));
  }

  /** Folds into a state the events that were appended to its stream since. */
  async bringUpToDate(known: Reading, client: Pool | PoolClient = this.pool): Promise<void> {
    fold(known, await this.stream(known.id, { after: known.version, client }));
  }

  /** Those of these streams that have events. */
  async begun(streamIds: readonly string[]): Promise<ReadonlySet<string>> {
    // Not prepared: a plan that was made for a short log would scan a long log whole.
    const { rows } = await this.pool.query<{ id: string }>({
      text: `select s.id from unnest($1::text[]) as s(id)
        cross join lateral (select from events where stream_id = s.id limit 1) as e`,
      values: [streamIds],
    });
    return new Set(rows.map(({ id }) => id));
  }

  /** The committed events among these ids, by id. Waits for appends under way to end: it takes the ordering lock. */
  async settled(ids: readonly string[]): Promise<Map<string, RecordedEvent>> {
    const rows = await connected(this.pool, async (client) => {
      // Two statements: the second must see what was committed while the first one waited.
      await client.query(`begin; select pg_advisory_xact_lock(${this.orderingLock})`);
      const found = await client.query<LoggedEvent>(
        `select ${LOGGED_COLUMNS} from events where id = any($1) order by position`,
        [ids],
      );
      await client.query('commit');
      return found.rows;
    });
    return new Map((await this.#decode(rows)).map((event) => [event.id, event]));
  }

  async #decode<Event extends DomainEvent>(rows: readonly LoggedEvent[]): Promise<RecordedEvent<Event>[]> {
    await this.personal.open(rows);
    return rows.map((row) => ({
      id: row.id,
      position: Number(row.position),
      stream_id: row.stream_id,
      version: row.version,
      type: row.type,
      schema_version: this.schemas.present(row.type),
      // The log is trusted to hold what this service wrote; its shape was checked by the types of the writer.
      event: { type: row.type, ...this.schemas.upcast(row.type, row.schema_version, row.data) } as unknown as Event,
      metadata: row.metadata,
      recorded_at: row.recorded_at.toISOString(),
    }));
  }
}

export interface StreamRange {
  /** Versions above this one. */
  readonly after?: number;
  readonly limit?: number;
  /** Recorded at this time (RFC 3339) or before. */
  readonly until?: string;
  /** Reads on this connection, to see what its transaction sees. */
  readonly client?: Pool | PoolClient;
}

export type StreamsRange = Parameters<EventStore['readStreams']>[1];

export interface AllRange {
  readonly after: number;
  readonly limit: number;
  readonly types?: readonly string[];
}

/** `license.*` as a LIKE pattern; underscores of event types are letters, not wildcards. */
const likePattern = (type: string): string =>
  type.replaceAll('\\', '\\\\').replaceAll('_', '\\_').replaceAll('%', '\\%').replace(/\*$/, '%');

const typesIn = (is: 'in' | 'not in', types: readonly string[]): string[] =>
  types.length === 0 ? [] : [`and type ${is} (${types.map((type) => escapeLiteral(type)).join(', ')})`];
