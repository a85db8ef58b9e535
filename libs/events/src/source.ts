import type { PoolClient } from 'pg';
import type { PublishedEvent } from './event.ts';

/** Number of the one partition of a service's log, read where it lies. Those of its topic are 0, 1, 2 … */
export const LOG_PARTITION = -1;

export interface SourceBatch {
  readonly partition: number;
  /** Ascending by position. */
  readonly events: readonly PublishedEvent[];
  /** The checkpoint to store once the batch has had its effect (it may lie beyond the last event: others were not wanted). */
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
   * Tells the partition in which the other transport brings a subject's events, if it ever ran: what that partition's
   * checkpoint covers has had its effect. So a service may move from the log to Kafka, and back, at any time.
   */
  elsewhere(): Promise<(subject: string) => number | undefined>;
  /** After a `next` that waited in vain: whether there was nothing left to read. */
  drained(): Promise<boolean>;
  /** How many events lie beyond the checkpoints (of a log: positions, which is no fewer). For metrics: asking costs a query. */
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
   * SQL, on the tables of the service that subscribes: an array of those types for which it has no use at present. What was in the
   * log by then of these types need not come; what is appended after its answer has changed, comes.
   */
  readonly unwanted?: string;
  /**
   * Takes events that ascend by position within a subject. What it throws is retried, then dead-lettered, per subject.
   * Batches of different subjects may be handled at the same time: a row that several of them write needs a lock of its own.
   * @returns how many it has taken, from the first, where that is not all: the others come next, in a transaction of their own
   */
  handle(batch: readonly PublishedEvent[], tx: PoolClient): Promise<number | void>;
}
