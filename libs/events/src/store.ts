import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { AnyStreamType, DomainEvent, StreamType } from './decider.ts';
import type { EventMetadata, RecordedEvent, UnrecordedEvent } from './event.ts';

/** The version that a stream must be at, or a list of which one must match. */
export type ExpectedVersion = number | readonly number[];

/** Whether a stream at this version is as a caller expects it. */
export const isExpected = (version: number, expected: ExpectedVersion): boolean =>
  typeof expected === 'number' ? version === expected : expected.includes(version);

/** The result of a command. */
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
   * If-Match: the command fails with `StaleVersionError` if the stream is at another version than this (or than each of
   * these). 0 = the stream must not exist.
   */
  readonly expectedVersion?: ExpectedVersion;
  /**
   * Makes the command idempotent: if this id has been handled, nothing is decided or appended, and `HandledBeforeError`
   * carries the stored result. Written in the transaction of the events.
   */
  readonly commandId?: string;
  /** The result to store for this command under `commandId` (opaque bytes, e.g. the encrypted HTTP response). */
  readonly remember?: (outcome: Outcome<State, Event>) => Remembered;
  /**
   * Other streams that the decision depends on. What `decide` reads of them still holds when its events are committed: if any
   * process has written to one of them by then, the command is decided again.
   */
  readonly reads?: readonly StreamRef[];
  /**
   * An event id chosen by the caller, for an event that may happen only once, from any sender. If an event with this id
   * exists, the command fails with `UniqueViolationError` of `events_id_key`. Pure; undefined = the store chooses an id.
   */
  readonly idOf?: (event: Event) => string | undefined;
}

/** A stream by its type and id. */
export interface StreamRef {
  readonly type: AnyStreamType;
  readonly id: string;
}

/** The current state of a stream that the command named in `reads`. @throws if the command did not name it */
export type Read = <State, Event extends DomainEvent>(
  type: StreamType<State, Event>,
  streamId: string,
) => Loaded<State>;

/** The stored result of a handled command. */
export interface Remembered {
  /** Hash of the command's input, to detect that its id is reused for another command. */
  readonly fingerprint: string;
  readonly result: Uint8Array;
  /** RFC 3339; after this time the id may be used again. */
  readonly expires_at: string;
}

/** A stream's state as the store holds it in memory. */
export interface Loaded<State> {
  readonly state: State;
  readonly version: number;
}

/**
 * Where an inline projection's read table keeps a stream's state, so that a stream of a million events need not be folded
 * again. The state must equal the folded state, and `version` must be that of the last event in it.
 */
export interface Snapshot {
  readonly stream: AnyStreamType;
  /** By stream id; missing if the table does not have the stream. */
  load(streamIds: readonly string[], pool: Pool): Promise<ReadonlyMap<string, Loaded<unknown>>>;
}

/** Reads projected rows and writes new ones, in the transaction that appends (inline) or consumes (subscribed). */
export interface Projection {
  /** `licenses`; the name under which it is rebuilt. */
  readonly name: string;
  /** Event types it wants; `license.*` matches a prefix. */
  readonly types: readonly string[];
  /** Its tables, unqualified. Every write uses the unqualified names, so that a rebuild can replace the tables. */
  readonly tables: readonly string[];
  /** Set-based; events ascend by position. Must give the same rows when run again over the same events. */
  handle(batch: readonly RecordedEvent[], tx: PoolClient): Promise<void>;
  /**
   * The statements of `handle`, if it reads nothing and needs neither position nor time of an event: they are sent together
   * with the events. A statement may look the events up in the log.
   * @param states of the streams of the batch after it, by their ids
   * @returns undefined for a batch that needs `handle`
   */
  writes?(this: void, batch: readonly UnrecordedEvent[], states: States): readonly QueryConfig[] | undefined;
  /** A faster way to replay a whole history into empty tables than `handle` batch by batch. */
  replay?(): Replay;
}

/** States of streams by their ids. */
export type States = ReadonlyMap<string, Loaded<unknown>>;

/** A projection whose writes are known as soon as events have been decided. */
export const writingProjection = (
  projection: Omit<Projection, 'handle' | 'writes'> & {
    writes(this: void, batch: readonly UnrecordedEvent[]): readonly QueryConfig[];
  },
): Projection => ({
  ...projection,
  handle: async (batch, tx) => {
    await Promise.all(projection.writes(batch).map((query) => tx.query(query)));
  },
});

/** One replay of a history from its beginning; it may delay its writes until `flush`. */
export interface Replay {
  handle(batch: readonly RecordedEvent[], tx: PoolClient): Promise<void>;
  flush(tx: PoolClient): Promise<void>;
}

/** The append-only log of one service with the states of its streams. Implemented by `PostgresEventStore`. */
export interface EventStore {
  /**
   * Decides a command against the current state of the stream and appends its events, with the inline projections, in one
   * transaction. Commands of a stream run one after the other; conflicts with other processes are retried internally.
   * `decide` must be pure and synchronous, as it may run more than once. If it throws, the caller gets the error and nothing
   * is written.
   * @throws StaleVersionError when `expectedVersion` does not hold
   * @throws HandledBeforeError when `commandId` has been handled
   */
  handle<State, Event extends DomainEvent>(
    type: StreamType<State, Event>,
    streamId: string,
    decide: (state: State, version: number, read: Read) => readonly Event[],
    options: HandleOptions<State, Event>,
  ): Promise<Outcome<State, Event>>;

  /** Current state (version 0 and `initialState` if the stream does not exist). From memory if it is there. */
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
   * Events of several streams together, at most `limit`; either only the types in `only`, or all but the types in `without`.
   * The types must be constants of the code. Events with `position > after` ascend, events with `position < before` descend.
   */
  readStreams(
    streamIds: readonly string[],
    options: ({ after: number } | { before: number }) & {
      limit: number;
      only?: readonly string[];
      without?: readonly string[];
    },
  ): Promise<RecordedEvent[]>;

  /** The events with these ids that exist, by id. */
  find<Event extends DomainEvent>(ids: readonly string[]): Promise<ReadonlyMap<string, RecordedEvent<Event>>>;

  /** The log with `position > after`, ascending, at most `limit`; `types` as in `Projection`. */
  readAll(options: { after: number; limit: number; types?: readonly string[] }): Promise<RecordedEvent[]>;

  /** The stored result of a command id; undefined if it is unknown or has expired. */
  recall(commandId: string): Promise<Remembered | undefined>;

  /** Stores the result of a command that appended nothing (a decided refusal). The first stored result stays. */
  remember(commandId: string, remembered: Remembered): Promise<void>;

  /** Deletes a person's key: from then on their personal data in events reads as null everywhere. Idempotent. */
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

/** An event could not be projected because a unique index of a read table found a duplicate row. */
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
