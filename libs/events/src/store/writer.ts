import { randomUUID } from 'node:crypto';
import { DatabaseError, type Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import type { EventMetadata, RecordedEvent, UnrecordedEvent } from '../event.ts';
import type { Projection, States } from '../store.ts';
import { type Append, type Command, draftsOf, ENOUGH, MOST, outcomeOf, readingsOf, remembers } from './append.ts';
import { arrayOf } from './array.ts';
import { insertionOf, type Recorded, recordedOf } from './insertion.ts';
import { Line } from './line.ts';
import type { PersonalData, PersonKeys } from './personal.ts';
import { eventsChannel, orderingLock } from './schema.ts';
import { BEGIN } from '../subscription/transaction.ts';
import { together } from './together.ts';
import type { Schemas } from './upcast.ts';

const REMEMBER = `insert into commands (command_id, fingerprint, result, expires_at)
  select * from unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[])`;

/** Each full write sets a marker on its connection, which stays set only if the write was committed. */
const MARK = `select set_config('keyledger.written', $1, false)`;

/** The parts of a write. */
interface Prepared {
  readonly appends: readonly Append[];
  readonly events: readonly UnrecordedEvent[];
  /** The INSERT of the events, if there are any. */
  readonly insertion: readonly QueryConfig[];
  /** The writes besides the events, unless some of them need the log's positions or times. */
  readonly along: readonly QueryConfig[] | undefined;
}

/** Writes appends: one transaction for all, with the inline projections and the stored results of commands. */
export class Writer {
  readonly #begin: string;
  readonly #channel: string;
  /** The connection of the last full write in progress, and its marker. */
  #last: { readonly line: Line; readonly mark: string } | undefined;

  constructor(
    private readonly pool: Pool,
    schema: string,
    private readonly schemas: Schemas,
    private readonly personal: PersonalData,
    private readonly projections: readonly Projection[],
    private readonly origin: string,
    /** Called when a write has been sent that another may follow. */
    private readonly onSent: () => void,
  ) {
    this.#begin = `${BEGIN}; select pg_advisory_xact_lock(${orderingLock(schema)})`;
    this.#channel = eventsChannel(schema);
  }

  /**
   * Writes the appends, all or nothing. If given, `redecide` runs after the ordering lock has been taken. No other process
   * can write in between, so a conflict cannot happen twice.
   * @throws ConnectionLostError when the connection was lost; any other error says that nothing was written
   */
  async write(appends: readonly Append[], redecide?: (client: PoolClient) => Promise<void>): Promise<Recorded> {
    const line = await Line.open(this.pool);
    return line.run(async (client) => {
      if (redecide !== undefined) {
        await client.query(this.#begin);
        await redecide(client);
        return this.#send(client, [], await this.#prepare(appends));
      }
      const prepared = await this.#prepare(appends);
      const checks = checkOf(appends);
      if (isFull(prepared)) return this.#sendFull(line, checks, prepared);
      const { events, insertion, along } = prepared;
      // Events alone are one statement, which is a transaction by itself and takes the lock by its trigger.
      if (checks.length === 0 && insertion.length > 0 && along?.length === 0)
        return recordedOf(events, (await sendAll(client, insertion))[0]);
      return this.#send(client, [{ text: this.#begin }, ...checks], prepared);
    });
  }

  /** Whether a write is in progress that another may follow. */
  get goesOn(): boolean {
    return this.#last !== undefined;
  }

  /**
   * Sends a write behind the last one: it is written only if that one is.
   * @returns undefined when it was not sent, because there is no write to follow, or it cannot be sent in one piece
   * @throws as `write`
   */
  async writeBehind(appends: readonly Append[]): Promise<Recorded | undefined> {
    const last = this.#last;
    const prepared = await this.#prepare(appends);
    if (last === undefined || this.#last !== last || prepared.along === undefined) return undefined;
    const { line, mark } = last;
    const checks = [{ name: 'check_mark', text: CHECK_MARK, values: [mark] }, ...checkOf(appends)];
    return line.run(() => this.#sendFull(line, checks, prepared));
  }

  async #prepare(appends: readonly Append[]): Promise<Prepared> {
    const events = this.#unrecorded(appends);
    const insertion = events.length === 0 ? [] : [await this.#insertion(events)];
    return { appends, events, insertion, along: this.#along(appends, events) };
  }

  async #sendFull(line: Line, checks: readonly QueryConfig[], prepared: Prepared): Promise<Recorded> {
    const mark = randomUUID();
    this.#last = { line, mark };
    try {
      const marking = { name: 'mark_written', text: MARK, values: [mark] };
      const sent = this.#send(line.client, [{ text: this.#begin }, ...checks, marking], prepared);
      this.onSent();
      return await sent;
    } finally {
      if (this.#last?.mark === mark) this.#last = undefined;
    }
  }

  /**
   * Sends everything in one piece if no statement needs the log's answer: then the database runs the statements without
   * waiting for this process. If a statement fails, the commit becomes a rollback.
   * @param before the statements before the events; none if the transaction has begun and its lock has been taken
   */
  async #send(client: PoolClient, before: readonly QueryConfig[], prepared: Prepared): Promise<Recorded> {
    const { appends, events, insertion, along } = prepared;
    const after = along === undefined ? [] : [...along, COMMIT];
    const results = await sendAll(client, [...before, ...insertion, ...after]);
    const recorded = recordedOf(events, results[before.length]);
    if (along === undefined) {
      const last = await this.#project(client, appends, [...recorded.values()]);
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

  /** @returns the writes besides the events, unless some of them need the log's positions or times */
  #along(appends: readonly Append[], events: readonly UnrecordedEvent[]): readonly QueryConfig[] | undefined {
    if (appends.some(remembers)) return undefined;
    const states = statesOf(appends);
    const along: QueryConfig[] = [];
    for (const { projection, batch } of this.#projecting(events)) {
      const writes = projection.writes?.(batch, states);
      if (writes === undefined) return undefined;
      along.push(...writes);
    }
    return along;
  }

  /** @returns the remaining writes, of projections that read nothing */
  async #project(
    client: PoolClient,
    appends: readonly Append[],
    recorded: readonly RecordedEvent[],
  ): Promise<readonly QueryConfig[]> {
    const states = statesOf(appends);
    const last: QueryConfig[] = [];
    for (const { projection, batch } of this.#projecting(recorded)) {
      const writes = projection.writes?.(batch, states);
      if (writes === undefined) await projection.handle(batch, client);
      else last.push(...writes);
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

const statesOf = (appends: readonly Append[]): States =>
  new Map(appends.map(({ slot, state, version }) => [slot.id, { state, version }]));

const COMMIT: QueryConfig = { text: 'commit' };

/** Sends the queries in one piece; rejects with the error of the first that fails. */
const sendAll = (client: PoolClient, queries: readonly QueryConfig[]): Promise<QueryResult[]> =>
  together(client, () => Promise.all(queries.map((query) => client.query(query))));

/** Whether a write is so large that the next one is sent without waiting for its answer. */
const isFull = ({ appends, events, along }: Prepared): boolean =>
  along !== undefined && (events.length >= ENOUGH || appends.length >= MOST);

/** Fails in the database if the marker is missing, so that statements sent after it are not written. */
const CHECK_MARK = `select 1 / (current_setting('keyledger.written', true) is not distinct from $1)::int`;

/** As above. */
const CHECK = `select 1 / (count(*) = 0)::int from unnest($1::text[], $2::int[]) as reading(id, version)
  where version <> coalesce((select e.version from events e where e.stream_id = reading.id order by e.version desc limit 1), 0)`;

/** Under the ordering lock no other process can write to a stream between this read and the commit. */
const checkOf = (appends: readonly Append[]): readonly QueryConfig[] => {
  const readings = new Map(appends.flatMap(readingsOf).map((reading) => [`${reading.id} ${reading.version}`, reading]));
  if (readings.size === 0) return [];
  const all = [...readings.values()];
  const values = [arrayOf(all.map(({ id }) => id)), arrayOf(all.map(({ version }) => version))];
  return [{ name: 'check_readings', text: CHECK, values }];
};

const rememberingOf = (appends: readonly Append[], recorded: Recorded): readonly QueryConfig[] => {
  const rows = appends.flatMap((append) =>
    append.decided.flatMap((decided) => {
      const { commandId, remember } = decided.command.options;
      if (commandId === undefined || 'refusal' in decided) return [];
      return [{ commandId, ...(remember ?? rememberNothing)(outcomeOf(append, decided, recorded)) }];
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

/** How long a command id without its own result is kept: much longer than any redelivery takes. */
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

/** The unique constraint that was violated, if the error names one. */
export const violated = (error: unknown): DatabaseError | undefined =>
  error instanceof DatabaseError && error.code === '23505' ? error : undefined;
