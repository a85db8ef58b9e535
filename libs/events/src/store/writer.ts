import { DatabaseError, type Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import type { EventMetadata, RecordedEvent, UnrecordedEvent } from '../event.ts';
import type { Projection } from '../store.ts';
import { type Append, type Command, draftsOf, outcomeOf, readingsOf, remembers } from './append.ts';
import { type InsertedRow, insertionOf, recordedFrom } from './insertion.ts';
import type { PersonalData, PersonKeys } from './personal.ts';
import { eventsChannel, orderingLock } from './schema.ts';
import { BEGIN } from '../subscription/transaction.ts';
import { together } from './together.ts';
import type { Schemas } from './upcast.ts';

/** The connection was lost: whether the transaction was committed is not known. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

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
    const client = await this.pool.connect().catch((error: unknown) => {
      throw new ConnectionLostError('no connection to the database', { cause: error });
    });
    let lost: Error | undefined;
    const onError = (error: Error): void => {
      lost = error;
    };
    client.on('error', onError);
    try {
      const recorded =
        redecide === undefined
          ? await this.#write(client, appends, false)
          : await this.#writeDecidedAnew(client, appends, redecide);
      return new Map(recorded.map((event) => [event.id, event]));
    } catch (error) {
      // It also tells whether the connection still stands.
      await client.query('rollback').catch(onError);
      throw lost === undefined
        ? error
        : new ConnectionLostError('the connection to the database was lost', { cause: error });
    } finally {
      // A dead connection may complain once more, after it has been let go.
      if (lost === undefined) client.off('error', onError);
      client.release(lost);
    }
  }

  async #writeDecidedAnew(
    client: PoolClient,
    appends: readonly Append[],
    redecide: (client: PoolClient) => Promise<void>,
  ): Promise<readonly RecordedEvent[]> {
    await client.query(this.#begin);
    await redecide(client);
    return this.#write(client, appends, true);
  }

  /**
   * Sends all in one piece where nothing waits for what the log says of the events: the database takes one statement after the
   * other, whatever this process is busy with. What fails in the database the commit makes a rollback.
   * @param begun whether the transaction has begun, and all that was read has been read under its lock
   */
  async #write(client: PoolClient, appends: readonly Append[], begun: boolean): Promise<readonly RecordedEvent[]> {
    const events = this.#unrecorded(appends);
    const insertion = events.length === 0 ? [] : [await this.#insertion(events)];
    const along = this.#along(appends, events);
    const checks = begun ? [] : checkOf(appends);
    // Events alone are one statement, which is a transaction by itself and takes the lock by its trigger.
    const alone = !begun && checks.length === 0 && events.length > 0 && along?.length === 0;
    const before = begun || alone ? [] : [{ text: this.#begin }, ...checks];
    const after = alone || along === undefined ? [] : [...along, COMMIT];
    const results = await sendAll(client, [...before, ...insertion, ...after]);
    const recorded = recordedFrom(events, (results[before.length]?.rows ?? []) as InsertedRow[]);
    if (along === undefined) {
      const last = await this.#project(client, recorded);
      await sendAll(client, [...last, ...rememberingOf(appends, recorded), COMMIT]);
    }
    return recorded;
  }

  #unrecorded(appends: readonly Append[]): readonly UnrecordedEvent[] {
    const metadata = new Map<Command, EventMetadata>();
    const of = (command: Command): EventMetadata => {
      const known = metadata.get(command) ?? metadataOf(command);
      metadata.set(command, known);
      return known;
    };
    return appends.flatMap((append) =>
      draftsOf(append).map(({ id, version, event, command }) => ({
        id,
        stream_id: append.slot.id,
        version,
        type: event.type,
        schema_version: this.schemas.present(event.type),
        event,
        metadata: of(command),
      })),
    );
  }

  async #insertion(events: readonly UnrecordedEvent[]): Promise<QueryConfig> {
    const people = new Set(events.flatMap(({ event }) => this.personal.personOf(event) ?? []));
    const keys: PersonKeys = people.size > 0 ? await this.personal.keysOf(people) : new Map();
    const data = events.map(({ id, event }) => this.personal.seal(id, event, keys));
    return insertionOf(events, data, this.#channel, this.origin);
  }

  /** @returns what is written besides the events, unless some of it waits for what the log says of them */
  #along(appends: readonly Append[], events: readonly UnrecordedEvent[]): readonly QueryConfig[] | undefined {
    if (appends.some(remembers)) return undefined;
    const along: QueryConfig[] = [];
    for (const { projection, batch } of this.#projecting(events)) {
      if (projection.writes === undefined) return undefined;
      along.push(...projection.writes(batch));
    }
    return along;
  }

  /** @returns what remains to be written, of projections that read nothing */
  async #project(client: PoolClient, recorded: readonly RecordedEvent[]): Promise<readonly QueryConfig[]> {
    const last: QueryConfig[] = [];
    for (const { projection, batch } of this.#projecting(recorded)) {
      if (projection.writes === undefined) await projection.handle(batch, client);
      else last.push(...projection.writes(batch));
    }
    return last;
  }

  /** The projections that want some of these events, with those. */
  #projecting<Event extends UnrecordedEvent>(events: readonly Event[]): { projection: Projection; batch: Event[] }[] {
    const types = [...new Set(events.map(({ type }) => type))];
    return this.projections.flatMap((projection) => {
      const wanted = new Set(types.filter((type) => wants(projection.types, type)));
      return wanted.size === 0 ? [] : [{ projection, batch: events.filter(({ type }) => wanted.has(type)) }];
    });
  }
}

const COMMIT: QueryConfig = { text: 'commit' };

/** In one piece; the first that fails is the error. */
const sendAll = (client: PoolClient, queries: readonly QueryConfig[]): Promise<QueryResult[]> =>
  together(client, () => Promise.all(queries.map((query) => client.query(query))));

/** It fails in the database, so that what has been sent after it is not written. */
const CHECK = `select 1 / (count(*) = 0)::int from unnest($1::text[], $2::int[]) as reading(id, version)
  where version <> coalesce((select e.version from events e where e.stream_id = reading.id order by e.version desc limit 1), 0)`;

/** Under the ordering lock nobody can write to a stream between this look and the commit. */
const checkOf = (appends: readonly Append[]): readonly QueryConfig[] => {
  const readings = new Map(appends.flatMap(readingsOf).map((reading) => [`${reading.id} ${reading.version}`, reading]));
  if (readings.size === 0) return [];
  const values = [[...readings.values()].map(({ id }) => id), [...readings.values()].map(({ version }) => version)];
  return [{ name: 'check_readings', text: CHECK, values }];
};

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
