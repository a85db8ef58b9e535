import { DatabaseError, type Pool, type PoolClient } from 'pg';
import type { RecordedEvent } from '../event.ts';
import type { EventStore, Projection, Replay } from '../store.ts';
import { orderingLock } from '../store/schema.ts';
import { inTransaction } from '../subscription/transaction.ts';
import { besideLive, whenHeld } from './beside.ts';

export interface RebuildOptions {
  /** Connections whose `search_path` is the service's schema. */
  readonly pool: Pool;
  readonly schema: string;
  readonly store: Pick<EventStore, 'readAll'>;
  readonly projection: Projection;
  /** Events a transaction (default 2,000). */
  readonly batch?: number;
  /** Told after each batch: events projected so far, and the position reached. */
  readonly onProgress?: (events: number, position: number) => void;
}

const BATCH = 2_000;

/**
 * Projects a service's log from its beginning into new tables beside the live ones, then puts them in their place. Reading
 * and writing go on meanwhile; appends wait only while the last events are caught up and the tables change places. It may
 * be killed at any time and begun again.
 * @returns how many events were projected
 */
export const rebuild = (options: RebuildOptions): Promise<number> => {
  const { pool, schema, projection, onProgress } = options;
  return besideLive(pool, schema, projection, async (beside) => {
    const replay = replayOf(projection);
    let position = 0;
    let count = 0;
    const project = async (events: readonly RecordedEvent[], tx: PoolClient): Promise<void> => {
      await beside.enter(tx);
      await replay.handle(events, tx);
      position = events.at(-1)?.position ?? position;
      count += events.length;
      onProgress?.(count, position);
    };
    for await (const events of history(options, position)) await inTransaction(pool, (tx) => project(events, tx));
    await whenHeld(pool, async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(${orderingLock(schema)})`);
      await beside.hold(tx);
      // The last events, while no event can be appended.
      for await (const events of history(options, position)) await project(events, tx);
      await beside.enter(tx);
      await replay.flush(tx);
      await beside.swap(tx);
    });
    return count;
  });
};

/** The log's batches above a position, until one is not full; the next is read while one is being projected. */
async function* history(options: RebuildOptions, after: number): AsyncGenerator<RecordedEvent[], void> {
  const { store, projection, batch = BATCH } = options;
  const read = (position: number): Promise<RecordedEvent[]> => {
    const reading = store.readAll({ after: position, limit: batch, types: projection.types });
    // Whoever awaits it is told; when projecting fails first, nobody does.
    reading.catch(() => undefined);
    return reading;
  };
  for (let ahead: Promise<RecordedEvent[]> | undefined = read(after); ahead !== undefined;) {
    const events: RecordedEvent[] = await ahead;
    const last = events.at(-1);
    if (last === undefined) return;
    ahead = events.length < batch ? undefined : read(last.position);
    yield events;
  }
}

/** The projection's own way over a history, or batch by batch. */
export const replayOf = (projection: Projection): Replay =>
  projection.replay?.() ?? {
    handle: (events, tx) => handleHistory(projection, events, tx),
    flush: () => Promise.resolve(),
  };

/**
 * Projects what once was projected live, in other batches than then: within a larger one, a row may ask for what a unique
 * index grants another row that is to give it up only later in the batch. One by one, each event finds what it found then.
 */
const handleHistory = async (
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
