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
/** How long a source may be silent before it is asked whether that was all, in milliseconds. */
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

/** One source's events, read again from the beginning, and projected as far as the live subscription has come. */
export class Reread {
  /** How many events have been projected. */
  events = 0;
  readonly key: CheckpointKey;
  readonly #positions = new Map<number, number>();
  /** Read, and not projected yet: the subscription is not so far, or their subject has parked events. */
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

  /** Reads and projects until all that the subscription has seen has been seen here. */
  async catchUp(): Promise<void> {
    while (!this.#coversAll(await readPositions(this.options.pool, this.key))) {
      const silence = AbortSignal.timeout(SILENCE_MS);
      const taken = await this.source.next((partition) => this.#positions.get(partition) ?? 0, BATCH, silence);
      if (taken === undefined) this.#drained ||= await this.source.drained();
      else await this.#take(taken);
    }
  }

  /** Whether all that the subscription has seen, which is held meanwhile, has been seen here. */
  async covers(tx: PoolClient): Promise<boolean> {
    return this.#coversAll(await readPositions(tx, this.key));
  }

  /** Projects the last of what has had its effect. The subscription is held, and with this what waits to be retried. */
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

  /** Positions are looked at before what is parked: an event parked then, and not any more, has had its effect since. */
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
   * Positions of one service are of one log, by whichever way they came, so who reads the log can compare with all of them;
   * who reads the topic, only with those of its partitions. What was heard from the log must then be in the topic by now.
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
