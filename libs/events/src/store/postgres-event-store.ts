import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { AnyStreamType, DomainEvent, StreamType } from '../decider.ts';
import type { RecordedEvent } from '../event.ts';
import { Gatherer } from '../gatherer.ts';
import {
  type EventStore,
  type HandleOptions,
  type Loaded,
  type Outcome,
  type Projection,
  type Read,
  type Remembered,
  type Snapshot,
} from '../store.ts';
import { startSpan } from '../trace.ts';
import {
  type Append,
  appendTo,
  basisOf,
  type Command,
  decideAnew,
  decideInto,
  ENOUGH,
  eventsIn,
  type Reading,
  type Slot,
} from './append.ts';
import { askAgain } from './away.ts';
import { expireCommands } from './expire.ts';
import { FlushQueue } from './flush-queue.ts';
import { Flusher, guarded } from './flusher.ts';
import { Follower } from './follow.ts';
import { type KeyWrapper, PersonalData } from './personal.ts';
import { fold, LogReader, type StreamsRange } from './read.ts';
import { RememberedCommands } from './remembered.ts';
import { forgetChannel, orderingLock } from './schema.ts';
import { Slots } from './slots.ts';
import { Schemas } from './upcast.ts';
import { Writer } from './writer.ts';

export interface EventStoreOptions {
  /**
   * Connections whose `search_path` is the service's schema, in pipeline mode: a flush sends statements together. The store
   * does not end it.
   */
  readonly pool: Pool;
  readonly schema: string;
  /** Every stream type of the service. */
  readonly streams: readonly AnyStreamType[];
  /** Projected in the transaction that appends. */
  readonly projections: readonly Projection[];
  /** Streams whose states are in the tables of those projections. */
  readonly snapshots?: readonly Snapshot[];
  readonly keys: KeyWrapper;
  /** The maximum number of states in memory (default 50,000). */
  readonly cachedStreams?: number;
  readonly observe?: Observer;
}

/** What the store reports for metrics and logs. */
export interface Observer {
  flushed?(events: number): void;
  conflict?(): void;
  error?(error: unknown): void;
}

type AnyType = StreamType<unknown, DomainEvent>;
type AnyOutcome = Outcome<unknown, DomainEvent>;

/** The event store of one service in one process. Any number of stores, in any number of processes, can share a schema. */
export class PostgresEventStore implements EventStore {
  readonly #slots: Slots;
  readonly #commands: RememberedCommands;
  readonly #pool: Pool;
  readonly #schema: string;
  readonly #observe: Observer;
  readonly #personal: PersonalData;
  readonly #reader: LogReader;
  readonly #histories: Gatherer<readonly RecordedEvent[]>;
  readonly #queue: FlushQueue;
  /** By the name of their type. */
  readonly #snapshots: ReadonlyMap<string, Gatherer<Loaded<unknown>>>;
  readonly #follower: Follower;
  readonly #expiry: { stop(): Promise<void> };

  private constructor(options: EventStoreOptions) {
    const { pool, schema, streams, projections, keys, snapshots = [], cachedStreams = 50_000, observe = {} } = options;
    const origin = randomUUID();
    const schemas = new Schemas(streams);
    this.#pool = pool;
    this.#schema = schema;
    this.#observe = observe;
    this.#snapshots = new Map(
      snapshots.map((snapshot) => [snapshot.stream.name, new Gatherer((ids) => this.#fromTable(snapshot, ids))]),
    );
    this.#slots = new Slots(cachedStreams, (slot) => this.#bringUp(slot));
    this.#commands = new RememberedCommands(pool);
    this.#personal = new PersonalData(pool, keys, streams);
    this.#reader = new LogReader(pool, schemas, this.#personal, orderingLock(schema));
    this.#histories = new Gatherer((ids) => this.#reader.histories(ids));
    const onSent = (): void => this.#queue.grown();
    const writer = new Writer(pool, schema, schemas, this.#personal, projections, origin, onSent);
    const flusher = new Flusher(writer, this.#reader, {
      onDone: (append) => this.#slots.done(append),
      renew: (append) => this.#renew(append),
      onFlush: (recorded) => this.#flushed(recorded),
      onConflict: () => observe.conflict?.(),
      recall: (commandId) => this.#commands.recall(commandId),
    });
    this.#queue = new FlushQueue(flusher, (append) => this.#renew(append));
    this.#follower = new Follower(pool, schema, origin, {
      onGrown: (heads) => this.#slots.evictOlder(heads),
      onForgotten: (person) => this.#forget(person),
      onReconnect: () => this.#distrust(),
      onError: (error) => observe.error?.(error),
    });
    this.#expiry = expireCommands(pool, (error) => observe.error?.(error));
  }

  /** Opens the store of a schema that `migrateEventStore` has created, and starts to follow its log. */
  static async open(options: EventStoreOptions): Promise<PostgresEventStore> {
    const store = new PostgresEventStore(options);
    await store.#follower.start();
    return store;
  }

  /** Answers all pending commands, then stops. No command may be handled afterwards. */
  async close(): Promise<void> {
    await this.#queue.idle();
    await Promise.all([this.#follower.stop(), this.#expiry.stop()]);
  }

  async handle<State, Event extends DomainEvent>(
    type: StreamType<State, Event>,
    streamId: string,
    decide: (state: State, version: number, read: Read) => readonly Event[],
    options: HandleOptions<State, Event>,
  ): Promise<Outcome<State, Event>> {
    const span = startSpan(`command ${type.name}`, 'internal', options.metadata.traceparent);
    try {
      if (options.commandId !== undefined) await this.#commands.refuseIfHandled(options.commandId);
      const known = this.#slots.get(streamId);
      // A stream that must not exist is not looked up: the unique index reports it if it does.
      const slot =
        known ??
        (options.expectedVersion === 0 ? this.#slots.empty(type, streamId) : await this.#slots.read(type, streamId));
      const readings: Reading[] = [];
      for (const { type: read, id } of options.reads ?? []) {
        const { state, version } = this.#slots.get(id) ?? (await this.#slots.read(read as AnyType, id));
        readings.push({ id, type: read as AnyType, state, version });
      }
      const outcome = await new Promise<AnyOutcome>((resolve, reject) => {
        // Only here are the stream's own types known: a slot holds the state that `type` folds from its stream.
        const { traceparent } = span;
        const command = { decide, options, readings, traceparent, resolve, reject } as unknown as Command;
        this.#submit(this.#slots.get(streamId) ?? slot, guarded(command, streamId));
      });
      span.end();
      return outcome as Outcome<State, Event>;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  async load<State, Event extends DomainEvent>(
    type: StreamType<State, Event>,
    streamId: string,
  ): Promise<Loaded<State>> {
    const { state, version } = this.#slots.get(streamId) ?? (await this.#slots.read(type, streamId));
    return { state: state as State, version };
  }

  peek<State, Event extends DomainEvent>(_type: StreamType<State, Event>, streamId: string): Loaded<State> | undefined {
    return this.#slots.get(streamId) as Loaded<State> | undefined;
  }

  async loadAsOf<State, Event extends DomainEvent>(
    type: StreamType<State, Event>,
    streamId: string,
    asOf: string,
  ): Promise<Loaded<State>> {
    const events = await this.#reader.stream<Event>(streamId, { until: asOf });
    return {
      state: events.reduce((state, { event }) => type.evolve(state, event), type.initialState),
      version: events.at(-1)?.version ?? 0,
    };
  }

  readStream<Event extends DomainEvent>(
    streamId: string,
    options: { after?: number; limit?: number } = {},
  ): Promise<RecordedEvent<Event>[]> {
    return this.#reader.stream<Event>(streamId, options);
  }

  readStreams(streamIds: readonly string[], options: StreamsRange): Promise<RecordedEvent[]> {
    return this.#reader.streams(streamIds, options);
  }

  find<Event extends DomainEvent>(ids: readonly string[]): Promise<ReadonlyMap<string, RecordedEvent<Event>>> {
    return this.#reader.find<Event>(ids);
  }

  readAll(options: { after: number; limit: number; types?: readonly string[] }): Promise<RecordedEvent[]> {
    return this.#reader.all(options);
  }

  recall(commandId: string): Promise<Remembered | undefined> {
    return this.#commands.recall(commandId);
  }

  remember(commandId: string, remembered: Remembered): Promise<void> {
    return this.#commands.remember(commandId, remembered);
  }

  async forgetPerson(personId: string): Promise<void> {
    await this.#personal.deleteKey(personId);
    this.#forget(personId);
    await this.#pool.query('select pg_notify($1, $2)', [forgetChannel(this.#schema), personId]);
  }

  async #bringUp(slot: Slot): Promise<Slot> {
    const snapshot = await this.#snapshots.get(slot.type.name)?.get(slot.id);
    // The table is written with each event of the stream, so its state is complete up to this moment.
    if (snapshot !== undefined) return Object.assign(slot, { state: snapshot.state, version: snapshot.version });
    fold(slot, (await this.#histories.get(slot.id)) ?? []);
    return slot;
  }

  /** States from a table. Streams that the table does not have do not exist yet, or are folded. */
  async #fromTable(snapshot: Snapshot, ids: readonly string[]): Promise<ReadonlyMap<string, Loaded<unknown>>> {
    const [known, begun] = await askAgain(() => Promise.all([snapshot.load(ids, this.#pool), this.#reader.begun(ids)]));
    const unknown = ids.filter((id) => !known.has(id));
    const nothing = { state: snapshot.stream.initialState, version: 0 };
    return new Map([...known, ...unknown.filter((id) => !begun.has(id)).map((id) => [id, nothing] as const)]);
  }

  /**
   * Decides the command immediately, on top of an append in progress if there is one. It is decided again if that append has
   * another outcome.
   */
  #submit(slot: Slot, command: Command): void {
    let append = slot.appends.at(-1);
    if (append === undefined || append.taken || eventsIn(append) >= ENOUGH) {
      append = appendTo(slot, append ?? slot);
      this.#slots.begin(append);
      this.#queue.enqueue(append);
    }
    decideInto(append, command);
    this.#queue.grown();
  }

  /** While a command waited, others may have written to the streams that it reads. @returns whether they have */
  #refresh({ readings }: Command): boolean {
    let moved = false;
    for (const reading of readings) {
      const present = this.#slots.get(reading.id);
      if (present === undefined || present.version <= reading.version) continue;
      Object.assign(reading, { state: present.state, version: present.version });
      moved = true;
    }
    return moved;
  }

  /** Decides an append again if the state that it was decided on was not committed. */
  #renew(append: Append): boolean {
    const { state, version } = basisOf(append);
    const moved = append.decided.filter(({ command }) => this.#refresh(command));
    if (moved.length === 0 && append.from.state === state && append.from.version === version) return false;
    decideAnew(append);
    return true;
  }

  #flushed(recorded: ReadonlyMap<string, RecordedEvent>): void {
    this.#follower.passOwn([...recorded.values()].map(({ position }) => position));
    this.#observe.flushed?.(recorded.size);
  }

  #forget(person: string): void {
    this.#personal.forgetCached(person);
    this.#slots.evictAll();
  }

  /** Messages may have been missed: states may be stale, and any person may have been forgotten. */
  #distrust(): void {
    this.#personal.forgetAllCached();
    this.#slots.evictAll();
  }
}
