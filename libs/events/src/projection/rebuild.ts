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
  /** Events per transaction (default 2,000). */
  readonly batch?: number;
  /** Called after each batch with the number of events projected so far and the position reached. */
  readonly onProgress?: (events: number, position: number) => void;
}

const BATCH = 2_000;

/**
 * Projects a service's log from its beginning into new tables, then swaps them with the live ones. Reads and writes continue
 * meanwhile; appends wait only while the last events are projected and the tables are swapped. It may be killed and restarted
 * at any time.
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
      // Projects the last events, while no event can be appended.
      for await (const events of history(options, position)) await project(events, tx);
      await beside.enter(tx);
      await replay.flush(tx);
      await beside.swap(tx);
    });
    return count;
  });
};

/**
 * The log's batches above a position, until a batch is not full; reads the next batch while the current one is being
 * projected.
 */
async function* history(options: RebuildOptions, after: number): AsyncGenerator<RecordedEvent[], void> {
  const { store, projection, batch = BATCH } = options;
  const read = (position: number): Promise<RecordedEvent[]> => {
    const reading = store.readAll({ after: position, limit: batch, types: projection.types });
    // Avoids an unhandled rejection: if projecting fails first, this promise is never awaited.
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

/** Uses the projection's own replay if it has one, else projects batch by batch. */
export const replayOf = (projection: Projection): Replay =>
  projection.replay?.() ?? {
    handle: (events, tx) => handleHistory(projection, events, tx),
    flush: () => Promise.resolve(),
  };

/**
 * Replays events in other batches than the live projection had. In a larger batch, a row may need a unique value that another
 * row gives up only later in the same batch. Then the events are projected one by one, so that each event finds the same rows
 * as it did live.
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
