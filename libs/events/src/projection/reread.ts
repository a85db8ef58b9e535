import type { Pool, PoolClient } from 'pg';
import type { PublishedEvent } from '../event.ts';
import { type EventSource, LOG_PARTITION, type SourceBatch } from '../source.ts';
import type { Projection, Replay } from '../store.ts';
import { wants } from '../store/writer.ts';
import { type CheckpointKey, effectiveUpTo, type Positions, readPositions } from '../subscription/checkpoint.ts';
import { inTransaction } from '../subscription/transaction.ts';
import type { Beside } from './beside.ts';
import { recordedFrom } from './recorded.ts';

const BATCH = 1_000;
/** How long a source may be silent before the rebuild checks whether it has reached the end, in milliseconds. */
const SILENCE_MS = 2_000;

export interface RereadOptions {
  readonly pool: Pool;
  readonly projection: Projection;
  readonly subscription: string;
  readonly onProgress?: (events: number) => void;
}

interface Held {
  readonly partition: number;
  readonly event: PublishedEvent;
}

/** Reads one source's events again from the beginning, and projects them as far as the live subscription has come. */
export class Reread {
  /** How many events have been projected. */
  events = 0;
  readonly key: CheckpointKey;
  readonly #positions = new Map<number, number>();
  /**
   * Events that were read but not projected yet: the subscription has not reached them, or their subject has parked events.
   */
  #held: Held[] = [];
  #drained = false;

  constructor(
    private readonly options: RereadOptions,
    private readonly source: EventSource,
    private readonly beside: Beside,
    private readonly replay: Replay,
  ) {
    this.key = { subscription: options.subscription, source: source.service };
  }

  /** Reads and projects until it has seen everything that the subscription has seen. */
  async catchUp(): Promise<void> {
    while (!this.#coversAll(await readPositions(this.options.pool, this.key))) {
      const silence = AbortSignal.timeout(SILENCE_MS);
      const taken = await this.source.next((partition) => this.#positions.get(partition) ?? 0, BATCH, silence);
      if (taken === undefined) this.#drained ||= await this.source.drained();
      else await this.#take(taken);
    }
  }

  /** Whether it has seen everything that the subscription has seen; the subscription is paused meanwhile. */
  async covers(tx: PoolClient): Promise<boolean> {
    return this.#coversAll(await readPositions(tx, this.key));
  }

  /** Projects the last events that have had their effect. The subscription is paused, and so are its retries. */
  async settle(tx: PoolClient): Promise<void> {
    const { subscription, source } = this.key;
    const { rows } = await tx.query<{ id: string }>(
      `select event->>'id' as id from parked_events where subscription = $1 and source = $2 for update`,
      [subscription, source],
    );
    const parked = new Set(rows.map(({ id }) => id));
    const done = await effectiveUpTo(await readPositions(tx, this.key), this.source);
    const due = this.#held.filter(
      ({ partition, event }) => event.position <= done(partition, event.subject) && !parked.has(event.id),
    );
    await this.#project(due, tx);
  }

  async #take(taken: SourceBatch): Promise<void> {
    const { partition, position, events } = taken;
    const { pool, projection, onProgress } = this.options;
    const reached = this.#positions.get(partition) ?? 0;
    for (const event of events) {
      if (event.position > reached && wants(projection.types, event.type)) this.#held.push({ partition, event });
    }
    this.#positions.set(partition, Math.max(reached, position));
    const [due, held] = await this.#split();
    if (due.length > 0) await inTransaction(pool, (tx) => this.#project(due, tx));
    this.#held = held;
    await taken.done?.();
    onProgress?.(this.events);
  }

  /**
   * Reads positions before parked events: an event that was parked then and is not parked now has had its effect in between.
   */
  async #split(): Promise<[due: Held[], held: Held[]]> {
    const { pool } = this.options;
    const { subscription, source } = this.key;
    const done = await effectiveUpTo(await readPositions(pool, this.key), this.source);
    const { rows } = await pool.query<{ subject: string }>(
      'select distinct subject from parked_events where subscription = $1 and source = $2',
      [subscription, source],
    );
    const parked = new Set(rows.map(({ subject }) => subject));
    const due: Held[] = [];
    const held: Held[] = [];
    for (const one of this.#held) {
      const { partition, event } = one;
      const isDue = event.position <= done(partition, event.subject) && !parked.has(event.subject);
      (isDue ? due : held).push(one);
    }
    return [due, held];
  }

  async #project(due: readonly Held[], tx: PoolClient): Promise<void> {
    await this.beside.enter(tx);
    const events = due.map(({ event }) => recordedFrom(event));
    for (let n = 0; n < due.length; n += BATCH) {
      await this.replay.handle(events.slice(n, n + BATCH), tx);
    }
    this.events += due.length;
  }

  /**
   * All positions of a service come from one log, over either transport. A reader of the log can therefore compare with all
   * of them, and a reader of the topic only with those of its partitions. Events that the subscription read from the log must
   * be in the topic by now.
   */
  #coversAll(live: Positions): boolean {
    const log = this.#positions.get(LOG_PARTITION);
    if (log !== undefined) return [...live.values()].every((position) => position <= log);
    const heardFromLog = live.get(LOG_PARTITION) ?? 0;
    const highest = Math.max(0, ...this.#positions.values());
    if (this.#drained && highest < heardFromLog) {
      const there = `the topic of ${this.key.source} holds events up to position ${highest}`;
      throw new Error(
        `${there}, and ${heardFromLog} has been heard of already: rebuild once its relay has gone beyond`,
      );
    }
    return (
      (heardFromLog === 0 || this.#drained) &&
      [...live].every(([partition, at]) => partition === LOG_PARTITION || at <= (this.#positions.get(partition) ?? 0))
    );
  }
}
