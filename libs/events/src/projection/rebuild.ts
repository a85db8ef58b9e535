import { DatabaseError, type Pool, type PoolClient } from 'pg';
import type { RecordedEvent } from '../event.ts';
import type { EventStore, Projection } from '../store.ts';
import { orderingLock } from '../store/schema.ts';
import { inTransaction } from '../subscription/transaction.ts';
import { type Beside, besideLive } from './beside.ts';

export interface RebuildOptions {
  /** Connections whose `search_path` is the service's schema. */
  readonly pool: Pool;
  readonly schema: string;
  readonly store: Pick<EventStore, 'readAll'>;
  readonly projection: Projection;
  /** Events a transaction (default 1,000). */
  readonly batch?: number;
  /** Told after each batch: events projected so far, and the position reached. */
  readonly onProgress?: (events: number, position: number) => void;
}

const BATCH = 1_000;
/** Tries to get hold of the live tables, which somebody may be reading for long. */
const SWAPS = 10;

/**
 * Projects a service's log from its beginning into new tables beside the live ones, then puts them in their place. Reading
 * and writing go on meanwhile; appends wait only while the last events are caught up and the tables change places. It may
 * be killed at any time and begun again.
 * @returns how many events were projected
 */
export const rebuild = (options: RebuildOptions): Promise<number> => {
  const { pool, schema, projection } = options;
  return besideLive(pool, schema, projection, async (beside) => {
    let reached: Reached = { position: 0, events: 0 };
    for (;;) {
      const next = await inTransaction(pool, (tx) => projectBatch(options, beside, reached, tx));
      const caughtUp = next.events - reached.events < (options.batch ?? BATCH);
      reached = next;
      if (caughtUp) break;
    }
    return swapIn(options, beside, reached);
  });
};

interface Reached {
  readonly position: number;
  readonly events: number;
}

/** The last events and the change of tables, while no event can be appended. */
const swapIn = async (options: RebuildOptions, beside: Beside, reached: Reached): Promise<number> => {
  for (let tries = 1; ; tries++) {
    try {
      return await inTransaction(options.pool, async (tx) => {
        await tx.query(`select pg_advisory_xact_lock(${orderingLock(options.schema)})`);
        let last = reached;
        for (let next = await projectBatch(options, beside, last, tx); next !== last;) {
          last = next;
          next = await projectBatch(options, beside, last, tx);
        }
        await beside.swap(tx);
        return last.events;
      });
    } catch (error) {
      // 55P03 lock_not_available: somebody reads a live table for long. Appends go on before the next try.
      if (!(error instanceof DatabaseError && error.code === '55P03') || tries === SWAPS) throw error;
    }
  }
};

const projectBatch = async (
  { store, projection, batch = BATCH, onProgress }: RebuildOptions,
  beside: Beside,
  reached: Reached,
  tx: PoolClient,
): Promise<Reached> => {
  const events = await store.readAll({ after: reached.position, limit: batch, types: projection.types });
  const last = events.at(-1);
  if (last === undefined) return reached;
  await beside.enter(tx);
  await projectHistory(projection, events, tx);
  const next = { position: last.position, events: reached.events + events.length };
  onProgress?.(next.events, next.position);
  return next;
};

/**
 * Projects what once was projected live, in other batches than then: within a larger one, a row may ask for what a unique
 * index grants another row that is to give it up only later in the batch. One by one, each event finds what it found then.
 */
export const projectHistory = async (
  projection: Projection,
  events: readonly RecordedEvent[],
  tx: PoolClient,
): Promise<void> => {
  await tx.query('savepoint batch');
  try {
    await projection.handle(events, tx);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === '23505')) throw error;
    await tx.query('rollback to savepoint batch');
    for (const event of events) await projection.handle([event], tx);
  }
  await tx.query('release savepoint batch');
};
