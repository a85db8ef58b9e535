import type { PoolClient } from 'pg';
import type { PublishedEvent } from './event.ts';

/** Number of the only partition of a service's log when it is read directly. The partitions of its topic are 0, 1, 2 … */
export const LOG_PARTITION = -1;

export interface SourceBatch {
  readonly partition: number;
  /** Ascending by position. */
  readonly events: readonly PublishedEvent[];
  /**
   * The checkpoint to store once the batch has had its effect. It may be beyond the last event, because unwanted events
   * follow.
   */
  readonly position: number;
  /** Tells the source, after the database commit, that the batch is done (Kafka commits offsets here). */
  done?(): Promise<void>;
}

/** Another service's published events, in order per subject. Two implementations, one contract test: log and Kafka. */
export interface EventSource {
  /** Name of the service whose events these are. */
  readonly service: string;
  /** Next batch above the checkpoints; waits for one until `signal` aborts, then returns undefined. */
  next(
    checkpoints: (partition: number) => number,
    limit: number,
    signal: AbortSignal,
  ): Promise<SourceBatch | undefined>;
  /**
   * Returns the partition in which the other transport delivers a subject's events, if it was ever used: events that the
   * checkpoint of that partition covers have had their effect. So a service may move from the log to Kafka, and back, at any
   * time.
   */
  elsewhere(): Promise<(subject: string) => number | undefined>;
  /** After a `next` that returned no batch: whether there was nothing left to read. */
  drained(): Promise<boolean>;
  /**
   * How many events are beyond the checkpoints (for a log: positions, at least as many as events). For metrics; each call
   * costs a query.
   */
  lag(checkpoints: (partition: number) => number): Promise<number>;
  close(): Promise<void>;
}

/** A reactor or a projection of another service's events. Effects go through `tx`; they commit with the checkpoint. */
export interface Subscription {
  /** Stable and unique within the service: it is the checkpoint's key and the Kafka group's name. */
  readonly name: string;
  /** Services it listens to. */
  readonly sources: readonly string[];
  /** Event types it wants; `license.*` and `*` match. */
  readonly types: readonly string[];
  /**
   * SQL on the tables of the subscribing service: an array of the types that it does not need at present. Events of these
   * types that are in the log by then may be left out; events appended after the answer has changed are delivered.
   */
  readonly unwanted?: string;
  /**
   * Handles events that ascend by position within a subject. Events whose handler throws are retried, then dead-lettered, per
   * subject. Batches of different subjects may be handled at the same time: a row that several of them write needs its own
   * lock.
   * @returns how many events it has handled, counted from the first, if not all: the others follow in another transaction
   */
  handle(batch: readonly PublishedEvent[], tx: PoolClient): Promise<number | void>;
}
