import type { Pool, PoolClient } from 'pg';
import type { PublishedEvent } from '../event.ts';
import { type EventSource, LOG_PARTITION, type SourceBatch } from '../source.ts';
import type { Projection } from '../store.ts';
import { wants } from '../store/writer.ts';
import { type CheckpointKey, lockSubscription, type Positions, readPositions } from '../subscription/checkpoint.ts';
import { inTransaction } from '../subscription/transaction.ts';
import { type Beside, besideLive } from './beside.ts';
import { projectHistory } from './rebuild.ts';
import { recordedFrom } from './recorded.ts';

export interface RebuildSubscribedOptions {
  /** Connections whose `search_path` is the subscribing service's schema. */
  readonly pool: Pool;
  readonly schema: string;
  readonly projection: Projection;
  /** Name of the subscription that feeds the projection. */
  readonly subscription: string;
  /**
   * Every source that the subscription listens to, read from the beginning: for Kafka in a consumer group of its own
   * (`rebuildGroup`). The caller closes them.
   */
  readonly sources: readonly EventSource[];
  readonly batch?: number;
  readonly onProgress?: (events: number) => void;
}

const BATCH = 1_000;
/** How long a source may be silent before it is asked whether that was all, in milliseconds. */
const SILENCE_MS = 3_000;

/** Name of a consumer group that starts at the beginning of a topic. */
export const rebuildGroup = (group: string): string => `${group}.rebuild-${Date.now().toString(36)}`;

/**
 * As `rebuild`, for a projection of other services' events: they are read from the beginning into new tables, while the
 * subscription goes on with the live ones; at the end it is held for a moment, the tables change places, and it goes on from
 * where the rebuild is. Events that were parked have been projected along the way, so they are not waited for any longer.
 * @returns how many events were projected
 */
export const rebuildSubscribed = (options: RebuildSubscribedOptions): Promise<number> => {
  const { pool, schema, projection, sources } = options;
  return besideLive(pool, schema, projection, async (beside) => {
    const rereads = sources.map((source) => new Reread(options, source, beside));
    for (const reread of rereads) await reread.catchUp();
    for (;;) {
      const swapped = await inTransaction(pool, async (tx) => {
        // All are held before any is looked at, so that none runs ahead meanwhile.
        for (const { key } of rereads) await lockSubscription(tx, key);
        for (const reread of rereads) if (!(await reread.covers(tx))) return false;
        for (const reread of rereads) await reread.settle(tx);
        await beside.swap(tx);
        return true;
      });
      if (swapped) return rereads.reduce((sum, { events }) => sum + events, 0);
      for (const reread of rereads) await reread.catchUp();
    }
  });
};

/** One source's events, read again from the beginning. */
class Reread {
  events = 0;
  readonly key: CheckpointKey;
  readonly #positions = new Map<number, number>();
  #drained = false;

  constructor(
    private readonly options: RebuildSubscribedOptions,
    private readonly source: EventSource,
    private readonly beside: Beside,
  ) {
    this.key = { subscription: options.subscription, source: source.service };
  }

  /** Projects until everything that the live subscription has seen has been seen here, or all there is. */
  async catchUp(): Promise<void> {
    const { pool, batch = BATCH } = this.options;
    for (;;) {
      const silence = AbortSignal.timeout(SILENCE_MS);
      const taken = await this.source.next((partition) => this.#positions.get(partition) ?? 0, batch, silence);
      if (taken === undefined) this.#drained ||= await this.source.drained();
      else await this.#take(taken);
      if (this.#coversAll(await readPositions(pool, this.key))) return;
    }
  }

  async covers(tx: PoolClient): Promise<boolean> {
    return this.#coversAll(await readPositions(tx, this.key));
  }

  /** The subscription stands where the rebuild stands from now on. */
  async settle(tx: PoolClient): Promise<void> {
    const { subscription, source } = this.key;
    await tx.query('delete from parked_events where subscription = $1 and source = $2', [subscription, source]);
    await tx.query('delete from checkpoints where subscription = $1 and source = $2', [subscription, source]);
    await tx.query(
      `insert into checkpoints (subscription, source, partition, position)
       select $1, $2, * from unnest($3::int[], $4::bigint[])`,
      [subscription, source, [...this.#positions.keys()], [...this.#positions.values()]],
    );
  }

  /**
   * Positions of one service are of one log, by whichever way they came, so who reads the log can compare with all of them;
   * who reads the topic, only with those of its partitions. Where there are none to compare with, all there is must be read.
   */
  #coversAll(live: Positions): boolean {
    const log = this.#positions.get(LOG_PARTITION);
    const comparable = [...live].filter(([partition]) => log !== undefined || partition !== LOG_PARTITION);
    if (comparable.length === 0) return this.#drained;
    return comparable.every(([partition, position]) => position <= (log ?? this.#positions.get(partition) ?? 0));
  }

  async #take({ partition, position, events, done }: SourceBatch): Promise<void> {
    const reached = this.#positions.get(partition) ?? 0;
    await this.#project(events.filter((event) => event.position > reached));
    this.#positions.set(partition, Math.max(reached, position));
    await done?.();
  }

  async #project(published: readonly PublishedEvent[]): Promise<void> {
    const { pool, projection, onProgress } = this.options;
    const wanted = published.filter(({ type }) => wants(projection.types, type));
    if (wanted.length === 0) return;
    await inTransaction(pool, async (tx) => {
      await this.beside.enter(tx);
      await projectHistory(projection, wanted.map(recordedFrom), tx);
    });
    this.events += wanted.length;
    onProgress?.(this.events);
  }
}
