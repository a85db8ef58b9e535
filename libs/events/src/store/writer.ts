import { DatabaseError, type Pool, type PoolClient, type QueryConfig } from 'pg';
import type { EventMetadata, RecordedEvent } from '../event.ts';
import type { Projection } from '../store.ts';
import { type Append, type Command, draftsOf, outcomeOf, readingsOf, remembers } from './append.ts';
import type { PersonalData, PersonKeys } from './personal.ts';
import { eventsChannel, orderingLock } from './schema.ts';
import { BEGIN } from '../subscription/transaction.ts';
import type { LogReader } from './read.ts';
import { together } from './together.ts';
import type { Schemas } from './upcast.ts';

/** The connection was lost: whether the transaction was committed is not known. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** A stream that a decision rests upon has moved on: nothing was written. */
class StaleReadingError extends Error {
  override readonly name = 'StaleReadingError';
}

interface InsertedRow {
  readonly position: string;
  readonly id: string;
  readonly recorded_at: Date;
}

/** $8 is the channel of the NOTIFY, $9 says which process wrote the event. */
const INSERT_ONE = `with written as (
    insert into events (id, stream_id, version, type, schema_version, data, metadata)
    values ($1, $2, $3, $4, $5, $6, $7)
    returning position, id, recorded_at
  )
  select position, id, recorded_at, pg_notify($8, position || ' ' || $9) as told from written`;

/**
 * As above for any number of events, with one NOTIFY for all. A single event would pay for planning this each time. Events of a
 * command share their metadata: it is sent once ($10), and $7 says whose it is. Data comes as one text of JSON, where nothing is
 * escaped a second time.
 */
const INSERT_MANY = `with written as (
    insert into events (id, stream_id, version, type, schema_version, data, metadata)
    select id, stream_id, version, type, schema_version, data, ($10::text[])[metadata]::jsonb
    from rows from (
        unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::int[], $7::int[]),
        jsonb_array_elements($6::jsonb)
      ) with ordinality as e(id, stream_id, version, type, schema_version, metadata, data, n)
    order by n
    returning position, id, recorded_at
  )
  select position, id, recorded_at, told from written
    cross join (select pg_notify($8, max(position) || ' ' || $9) as told from written) as notify
  order by position`;

const REMEMBER = `insert into commands (command_id, fingerprint, result, expires_at)
  select * from unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[])`;

/** Writes appends: one transaction for all, with the inline projections and what is to be remembered. */
export class Writer {
  readonly #begin: string;
  readonly #channel: string;

  constructor(
    private readonly pool: Pool,
    schema: string,
    private readonly schemas: Schemas,
    private readonly reader: LogReader,
    private readonly personal: PersonalData,
    private readonly projections: readonly Projection[],
    private readonly origin: string,
  ) {
    this.#begin = `${BEGIN}; select pg_advisory_xact_lock(${orderingLock(schema)})`;
    this.#channel = eventsChannel(schema);
  }

  /**
   * Writes what `appends` hold, all or nothing. `redecide`, when given, runs after the ordering lock has been taken, so
   * that nobody can write in between: with it a conflict cannot happen twice.
   * @throws ConnectionLostError when the connection was lost; any other error says that nothing was written
   */
  async write(
    appends: readonly Append[],
    redecide?: (client: PoolClient) => Promise<void>,
  ): Promise<Map<string, RecordedEvent>> {
    const keys: PersonKeys = redecide === undefined ? await this.#keysFor(appends) : new Map();
    const client = await this.pool.connect().catch((error: unknown) => {
      throw new ConnectionLostError('no connection to the database', { cause: error });
    });
    let lost: Error | undefined;
    const onError = (error: Error): void => {
      lost = error;
    };
    client.on('error', onError);
    // Events alone are one statement, which is a transaction by itself and takes the lock by its trigger: one round trip.
    const begun = redecide !== undefined || !this.#eventsAlone(appends);
    try {
      let recorded: RecordedEvent[];
      if (redecide === undefined) {
        // The database takes one after the other, and nothing waits for answers on their way.
        [, , recorded] = await together(client, () =>
          Promise.all([
            begun ? client.query(this.#begin) : undefined,
            this.#checkReadings(client, appends),
            this.#insert(client, appends, keys),
          ]),
        );
      } else {
        await client.query(this.#begin);
        await redecide(client);
        recorded = await this.#insert(client, appends, await this.#keysFor(appends));
      }
      if (begun) {
        const last = await this.#project(client, recorded);
        const remembering = rememberingOf(appends, recorded);
        // All is there to be sent by now, and of what fails in the database the commit makes a rollback.
        await together(client, () =>
          Promise.all([...last, ...remembering, { text: 'commit' }].map((query) => client.query(query))),
        );
      }
      return new Map(recorded.map((event) => [event.id, event]));
    } catch (error) {
      // It also tells whether the connection still stands.
      await client.query(begun ? 'rollback' : 'select 1').catch(onError);
      throw lost === undefined
        ? error
        : new ConnectionLostError('the connection to the database was lost', { cause: error });
    } finally {
      // A dead connection may complain once more, after it has been let go.
      if (lost === undefined) client.off('error', onError);
      client.release(lost);
    }
  }

  /** Whether nothing is projected from these appends and nothing remembered of their commands. */
  #eventsAlone(appends: readonly Append[]): boolean {
    return appends.every(
      (append) =>
        !remembers(append) &&
        readingsOf(append).length === 0 &&
        draftsOf(append).every(({ event }) => !this.projections.some(({ types }) => wants(types, event.type))),
    );
  }

  /** Under the ordering lock nobody can write to a stream between this look and the commit. */
  async #checkReadings(client: PoolClient, appends: readonly Append[]): Promise<void> {
    const readings = appends.flatMap(readingsOf);
    if (readings.length === 0) return;
    const heads = await this.reader.heads(
      readings.map(({ id }) => id),
      client,
    );
    const moved = readings.find(({ id, version }) => (heads.get(id) ?? 0) !== version);
    if (moved !== undefined) throw new StaleReadingError(`stream ${moved.id} has moved on`);
  }

  async #keysFor(appends: readonly Append[]): Promise<PersonKeys> {
    const people = new Set<string>();
    for (const append of appends) {
      for (const { event } of draftsOf(append)) {
        const person = this.personal.personOf(event);
        if (person !== undefined) people.add(person);
      }
    }
    return people.size > 0 ? this.personal.keysOf(people) : new Map();
  }

  async #insert(client: PoolClient, appends: readonly Append[], keys: PersonKeys): Promise<RecordedEvent[]> {
    const rows = appends.flatMap((append) => draftsOf(append).map((draft) => ({ streamId: append.slot.id, draft })));
    if (rows.length === 0) return [];
    const metadata = new Map<Command, EventMetadata>();
    for (const { draft } of rows)
      if (!metadata.has(draft.command)) metadata.set(draft.command, metadataOf(draft.command));
    const columns = [
      rows.map(({ draft }) => draft.id),
      rows.map(({ streamId }) => streamId),
      rows.map(({ draft }) => draft.version),
      rows.map(({ draft }) => draft.event.type),
      rows.map(({ draft }) => this.schemas.present(draft.event.type)),
    ];
    const data = rows.map(({ draft }) => this.personal.seal(draft.id, draft.event, keys));
    const written = [...metadata.values()].map((one) => JSON.stringify(one));
    const places = new Map([...metadata.keys()].map((command, n) => [command, n + 1]));
    const inserted = await client.query<InsertedRow>(
      rows.length === 1
        ? {
            name: 'append_one',
            text: INSERT_ONE,
            values: [...columns.flat(), JSON.stringify(data[0]), ...written, this.#channel, this.origin],
          }
        : {
            name: 'append_many',
            text: INSERT_MANY,
            values: [
              ...columns,
              JSON.stringify(data),
              rows.map(({ draft }) => places.get(draft.command)),
              this.#channel,
              this.origin,
              written,
            ],
          },
    );
    return rows.map(({ streamId, draft }, n): RecordedEvent => {
      // Positions were given in the order of the rows.
      const row = inserted.rows[n];
      const of = metadata.get(draft.command);
      if (row?.id !== draft.id || of === undefined) throw new Error(`event ${draft.id} was not inserted`);
      return {
        id: draft.id,
        position: Number(row.position),
        stream_id: streamId,
        version: draft.version,
        type: draft.event.type,
        schema_version: this.schemas.present(draft.event.type),
        event: draft.event,
        metadata: of,
        recorded_at: row.recorded_at.toISOString(),
      };
    });
  }

  /** @returns what remains to be written, of projections that read nothing */
  async #project(client: PoolClient, recorded: readonly RecordedEvent[]): Promise<readonly QueryConfig[]> {
    const last: QueryConfig[] = [];
    for (const projection of this.projections) {
      const batch = recorded.filter(({ type }) => wants(projection.types, type));
      if (batch.length === 0) continue;
      if (projection.writes === undefined) await projection.handle(batch, client);
      else last.push(...projection.writes(batch));
    }
    return last;
  }
}

const rememberingOf = (appends: readonly Append[], recorded: readonly RecordedEvent[]): readonly QueryConfig[] => {
  const byId = new Map(recorded.map((event) => [event.id, event]));
  const rows = appends.flatMap((append) =>
    append.decided.flatMap((decided) => {
      const { commandId, remember } = decided.command.options;
      if (commandId === undefined || 'refusal' in decided) return [];
      return [{ commandId, ...(remember ?? rememberNothing)(outcomeOf(append, decided, byId)) }];
    }),
  );
  if (rows.length === 0) return [];
  const values = [
    rows.map(({ commandId }) => commandId),
    rows.map(({ fingerprint }) => fingerprint),
    rows.map(({ result }) => Buffer.from(result)),
    rows.map(({ expires_at }) => expires_at),
  ];
  return [{ name: 'remember', text: REMEMBER, values }];
};

/** How long a command id without an answer of its own is kept: well beyond any redelivery. */
const KEPT_MS = 30 * 24 * 3_600_000;

const rememberNothing = (): { fingerprint: string; result: Uint8Array; expires_at: string } => ({
  fingerprint: '',
  result: new Uint8Array(),
  expires_at: new Date(Date.now() + KEPT_MS).toISOString(),
});

const metadataOf = (command: Command): EventMetadata => ({
  ...command.options.metadata,
  traceparent: command.traceparent,
  ...(command.options.commandId === undefined ? {} : { command_id: command.options.commandId }),
});

/** Whether a type is among the wanted ones; `*` and `license.*` are prefixes. */
export const wants = (types: readonly string[], type: string): boolean =>
  types.some((wanted) => (wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : wanted === type));

/** The unique constraint that refused, if that is what the error says. */
export const violated = (error: unknown): DatabaseError | undefined =>
  error instanceof DatabaseError && error.code === '23505' ? error : undefined;
