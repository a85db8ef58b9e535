import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier, type Pool } from 'pg';
import { Bell, ringingOnAbort } from '../bell.ts';
import type { EventContract } from '../contract.ts';
import { partitionOf } from '../kafka/partition.ts';
import { type Contracts, contractsByType, readPublished } from '../publish.ts';
import { hear } from '../hearing.ts';
import { type EventSource, LOG_PARTITION, type SourceBatch } from '../source.ts';
import { eventsChannel, growthIn } from '../store/schema.ts';
import { wants } from '../store/writer.ts';

/** How often the log is read without a notification, in milliseconds. */
const POLL_MS = 500;
/**
 * Shortest time between two reads, in milliseconds; the second value applies after a read that found only unwanted events.
 */
const LINGER_MS = 5;
const LINGER_IN_VAIN_MS = 50;

/** Another service's log, read directly: in a schema of the same database. It has one partition, `LOG_PARTITION`. */
export class LogSource implements EventSource {
  readonly #contracts: Contracts;
  readonly #bell = new Bell();
  #stopListening: (() => Promise<void>) | undefined;
  #closed = false;
  /** Number of partitions of the topic into which this log is, or once was, relayed. */
  #partitions: number | undefined;
  #readAt = 0;
  /** The last read found events, but no wanted ones. */
  #inVain = false;
  /** There was no wanted event up to the end of the log; further unwanted events do not wake the source. */
  #spent = false;

  /**
   * @param types the wanted types
   * @param unwanted SQL for the types that are not wanted at present, as in `Subscription`; their events may be left out
   */
  constructor(
    readonly service: string,
    private readonly pool: Pool,
    contracts: readonly EventContract<never>[],
    private readonly onError: (error: unknown) => void,
    types: readonly string[] = ['*'],
    private readonly unwanted?: string,
  ) {
    this.#contracts = contractsByType(
      contracts.filter((contract) => contract.service === service && wants(types, contract.type)),
    );
  }

  async next(
    checkpoints: (partition: number) => number,
    limit: number,
    signal: AbortSignal,
  ): Promise<SourceBatch | undefined> {
    const ring = (): void => this.#bell.ring();
    this.#stopListening ??= hear(this.pool, {
      channels: [eventsChannel(this.service)],
      // The next read of the log skips the unwanted events.
      told: (payload) => {
        if (growthIn(payload).types?.some((type) => this.#contracts.get(type) !== undefined) ?? true) ring();
      },
      missed: ring,
      onError: this.onError,
    });
    return ringingOnAbort(this.#bell, signal, async () => {
      while (!signal.aborted && !this.#closed) {
        if (this.#spent) {
          this.#spent = false;
          await this.#bell.wait(POLL_MS);
          continue;
        }
        await this.#linger();
        const after = checkpoints(LOG_PARTITION);
        const range = { after, limit, unwanted: this.unwanted };
        const { events, position, more } = await readPublished(this.pool, this.service, this.#contracts, range);
        this.#inVain = position > after && events.length === 0;
        this.#spent = events.length === 0 && !more;
        if (position > after) return { partition: LOG_PARTITION, events, position };
      }
      return undefined;
    });
  }

  /** Under load one read takes the events of several flushes; a single event is not delayed. */
  async #linger(): Promise<void> {
    const linger = this.#inVain ? LINGER_IN_VAIN_MS : LINGER_MS;
    const since = performance.now() - this.#readAt;
    if (since < linger) await sleep(linger - since);
    this.#readAt = performance.now();
  }

  /** Queried until there is an answer: while instances are moved to Kafka one by one, the topic may appear at any moment. */
  async elsewhere(): Promise<(subject: string) => number | undefined> {
    this.#partitions ??= await relayedPartitions(this.pool, this.service);
    const partitions = this.#partitions;
    return (subject) => (partitions === undefined ? undefined : partitionOf(subject, partitions));
  }

  drained(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async lag(checkpoints: (partition: number) => number): Promise<number> {
    const { rows } = await this.pool.query<{ head: string }>(
      `select coalesce(max(position), 0) as head from ${escapeIdentifier(this.service)}.events`,
    );
    return Math.max(0, Number(rows[0]?.head) - checkpoints(LOG_PARTITION));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#bell.ring();
    await this.#stopListening?.();
  }
}

const relayedPartitions = async (pool: Pool, service: string): Promise<number | undefined> => {
  const { rows } = await pool.query<{ partitions: number }>(
    `select partitions from ${escapeIdentifier(service)}.relayed_topics where service = $1`,
    [service],
  );
  return rows[0]?.partitions;
};
