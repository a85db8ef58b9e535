import type { PoolClient } from 'pg';
import type { EventStore, Projection } from '../store.ts';
import { orderingLock } from '../store/schema.ts';
import { wants } from '../store/writer.ts';

export interface Reprojected {
  readonly schema: string;
  readonly store: Pick<EventStore, 'readStream'>;
  readonly projection: Projection;
  /** Ids of streams of the service. */
  readonly streams: readonly string[];
  /** Deletes the rows that these streams make, all of them. */
  readonly remove: (tx: PoolClient) => Promise<unknown>;
}

/**
 * Makes rows anew from the events of their streams, as a rebuild would, for example after personal data was deleted. Appends wait
 * until the transaction commits, so no event is projected onto an old row meanwhile.
 */
export const reproject = async (
  { schema, store, projection, streams, remove }: Reprojected,
  tx: PoolClient,
): Promise<void> => {
  if (streams.length === 0) return;
  await tx.query(`select pg_advisory_xact_lock(${orderingLock(schema)})`);
  await remove(tx);
  for (const stream of streams) {
    const events = await store.readStream(stream);
    await projection.handle(
      events.filter(({ event }) => wants(projection.types, event.type)),
      tx,
    );
  }
};
