import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { AnyStreamType, DomainEvent, StreamType } from './decider.ts';
import type { EventMetadata, RecordedEvent, UnrecordedEvent } from './event.ts';

/** The version that a stream must be at, or a list of which one must match. */
export type ExpectedVersion = number | readonly number[];

/** Whether a stream at this version is as a caller expects it. */
export const isExpected = (version: number, expected: ExpectedVersion): boolean =>
  typeof expected === 'number' ? version === expected : expected.includes(version);

/** What a command left behind. */
export interface Outcome<State, Event extends DomainEvent = DomainEvent> {
  readonly streamId: string;
  readonly state: State;
  /** Version of the stream after the command. */
  readonly version: number;
  /** The events of this command; empty when it changed nothing. */
  readonly events: readonly RecordedEvent<Event>[];
}

export interface HandleOptions<State = unknown, Event extends DomainEvent = DomainEvent> {
  readonly metadata: EventMetadata;
  /**
   * If-Match: a stream at a version other than this, or than each of these, refuses with `StaleVersionError`. 0 = the stream
   * must not exist.
   */
  readonly expectedVersion?: ExpectedVersion;
  /**
   * Makes the command idempotent: when this id has been handled, nothing is decided or appended and
   * `HandledBeforeError` carries what was remembered. Written in the transaction of the events.
   */
  readonly commandId?: string;
  /** What to remember of this command under `commandId` (opaque bytes, e.g. the encrypted HTTP response). */
  readonly remember?: (outcome: Outcome<State, Event>) => Remembered;
  /**
   * Other streams that the decision reckons with. What `decide` reads of them still holds when its events are committed:
   * when one of them has moved on by then, whoever wrote to it, the command is decided again.
   */
  readonly reads?: readonly StreamRef[];
  /**
   * An id of the caller's making for an event that may happen only once, whoever sends it and however often: where there is an
   * event with it, `UniqueViolationError` of `events_id_key` comes. Pure; undefined = an id of the store's making.
   */
  readonly idOf?: (event: Event) => string | undefined;
}

/** A stream by its type and id. */
export interface StreamRef {
  readonly type: AnyStreamType;
  readonly id: string;
}

/** The present state of a stream that the command named in `reads`. @throws when it did not */
export type Read = <State, Event extends DomainEvent>(
  type: StreamType<State, Event>,
  streamId: string,
) => Loaded<State>;

/** What is kept of a handled command. */
export interface Remembered {
  /** Hash of what was asked, so that a reuse of the id for something else can be told. */
  readonly fingerprint: string;
  readonly result: Uint8Array;
  /** RFC 3339; after it the id may be used anew. */
  readonly expires_at: string;
}

/** A stream's state as the store holds it in memory. */
export interface Loaded<State> {
  readonly state: State;
  readonly version: number;
}

/**
 * Where a stream's state stands in a read table of an inline projection, so that a stream of a million events is not folded
 * anew. The state must be what folding gives, and `version` that of the last event in it.
 */
export interface Snapshot {
  readonly stream: AnyStreamType;
  /** By stream id; none where the table knows nothing of the stream. */
  load(streamIds: readonly string[], pool: Pool): Promise<ReadonlyMap<string, Loaded<unknown>>>;
}

/** Reads what was projected, writes what follows, in the transaction that appends (inline) or consumes (subscribed). */
export interface Projection {
  /** `licenses`; the name under which it is rebuilt. */
  readonly name: string;
  /** Event types it wants; `license.*` matches a prefix. */
  readonly types: readonly string[];
  /** Its tables, unqualified. Every write goes to them unqualified, so that a rebuild can put others in their place. */
  readonly tables: readonly string[];
  /** Set-based; events ascend by position. Must give the same rows when run again over the same events. */
  handle(batch: readonly RecordedEvent[], tx: PoolClient): Promise<void>;
  /**
   * What `handle` writes, where it reads nothing and needs neither place nor time of an event: then it goes out together with
   * the events. A statement may look for them in the log.
   */
  writes?(this: void, batch: readonly UnrecordedEvent[]): readonly QueryConfig[];
  /** A quicker way over a whole history, into tables that are empty, than `handle` batch by batch. */
  replay?(): Replay;
}

/** A projection that knows what to write as soon as events have been decided. */
export const writingProjection = (
  projection: Omit<Projection, 'handle' | 'writes'> & Required<Pick<Projection, 'writes'>>,
): Projection => ({
  ...projection,
  handle: async (batch, tx) => {
    await Promise.all(projection.writes(batch).map((query) => tx.query(query)));
  },
});

/** One run over a history from its beginning; it may hold back what it writes until `flush`. */
export interface Replay {
  handle(batch: readonly RecordedEvent[], tx: PoolClient): Promise<void>;
  flush(tx: PoolClient): Promise<void>;
}

/** The append-only log of one service with the states of its streams. Implemented by `PostgresEventStore`. */
export interface EventStore {
  /**
   * Decides a command against the stream's present state and appends its events, with the inline projections, in one
   * transaction. Commands of a stream run one after the other; conflicts with other processes are retried inside.
   *
   * `decide` must be pure and synchronous, as it may run more than once; what it throws reaches the caller and nothing is written.
   * @throws StaleVersionError when `expectedVersion` does not hold
   * @throws HandledBeforeError when `commandId` has been handled
   */
  handle<State, Event extends DomainEvent>(
    type: StreamType<State, Event>,
    streamId: string,
    decide: (state: State, version: number, read: Read) => readonly Event[],
    options: HandleOptions<State, Event>,
  ): Promise<Outcome<State, Event>>;

  /** Present state (version 0 and `initialState` when the stream does not exist). From memory when it is there. */
  load<State, Event extends DomainEvent>(type: StreamType<State, Event>, streamId: string): Promise<Loaded<State>>;

  /** As `load`, but only from memory: undefined when it is not there. For hot paths; at most a second behind other processes. */
  peek<State, Event extends DomainEvent>(type: StreamType<State, Event>, streamId: string): Loaded<State> | undefined;

  /** State as of a time (RFC 3339), folded from the log. */
  loadAsOf<State, Event extends DomainEvent>(
    type: StreamType<State, Event>,
    streamId: string,
    asOf: string,
  ): Promise<Loaded<State>>;

  /** A stream's events with `version > after`, ascending, at most `limit`. */
  readStream<Event extends DomainEvent>(
    streamId: string,
    options?: { after?: number; limit?: number },
  ): Promise<RecordedEvent<Event>[]>;

  /**
   * Events of several streams together, at most `limit`; those of the types in `only`, or all but those in `without`, which
   * are written in the code. Those with `position > after` ascend, those with `position < before` descend.
   */
  readStreams(
    streamIds: readonly string[],
    options: ({ after: number } | { before: number }) & {
      limit: number;
      only?: readonly string[];
      without?: readonly string[];
    },
  ): Promise<RecordedEvent[]>;

  /** The events among these ids that there are, by id. */
  find<Event extends DomainEvent>(ids: readonly string[]): Promise<ReadonlyMap<string, RecordedEvent<Event>>>;

  /** The log with `position > after`, ascending, at most `limit`; `types` as in `Projection`. */
  readAll(options: { after: number; limit: number; types?: readonly string[] }): Promise<RecordedEvent[]>;

  /** What was remembered under a command id; undefined when it is unknown or has expired. */
  recall(commandId: string): Promise<Remembered | undefined>;

  /** Remembers a command that appended nothing (a decided refusal). The first to remember wins. */
  remember(commandId: string, remembered: Remembered): Promise<void>;

  /** Deletes a person's key: their personal data in events reads as null from then on, everywhere. Idempotent. */
  forgetPerson(personId: string): Promise<void>;
}

export class StaleVersionError extends Error {
  override readonly name = 'StaleVersionError';
  constructor(
    readonly streamId: string,
    readonly expected: ExpectedVersion,
    readonly actual: number,
  ) {
    super(`stream ${streamId} is at version ${actual}, not ${String(expected)}`);
  }
}

export class HandledBeforeError extends Error {
  override readonly name = 'HandledBeforeError';
  constructor(
    readonly commandId: string,
    readonly fingerprint: string,
    readonly result: Uint8Array,
  ) {
    super(`command ${commandId} was handled before`);
  }
}

/** An event could not be projected because a row like it exists: a unique index of a read table said so. */
export class UniqueViolationError extends Error {
  override readonly name = 'UniqueViolationError';
  constructor(
    readonly constraint: string,
    readonly table: string,
    options?: ErrorOptions,
  ) {
    super(`unique constraint ${constraint} of ${table}`, options);
  }
}
