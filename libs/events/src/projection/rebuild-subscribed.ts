import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { EventSource } from '../source.ts';
import type { Projection } from '../store.ts';
import { lockSubscription } from '../subscription/checkpoint.ts';
import { besideLive, whenHeld } from './beside.ts';
import { replayOf } from './rebuild.ts';
import { Reread } from './reread.ts';

export interface RebuildSubscribedOptions {
  /** Connections whose `search_path` is the subscribing service's schema. */
  readonly pool: Pool;
  readonly schema: string;
  readonly projection: Projection;
  /** Name of the subscription that feeds the projection. */
  readonly subscription: string;
  /**
   * Every source that the subscription reads, from the beginning: for Kafka in a separate consumer group (`rebuildGroup`).
   * The caller closes them.
   */
  readonly sources: readonly EventSource[];
  /** Called after each batch with the number of events projected so far. */
  readonly onProgress?: (events: number) => void;
}

/** Name of a consumer group that starts at the beginning of a topic. */
export const rebuildGroup = (group: string): string => `${group}.rebuild-${randomUUID()}`;

/**
 * As `rebuild`, for a projection of other services' events. It reads them from the beginning into new tables while the
 * subscription continues on the live ones. At the end it pauses the subscription for a moment: it brings the new tables to
 * exactly the events that have had their effect (so without parked events), and swaps them with the live ones.
 * @returns how many events were projected
 */
export const rebuildSubscribed = (options: RebuildSubscribedOptions): Promise<number> => {
  const { pool, schema, projection, sources } = options;
  return besideLive(pool, schema, projection, async (beside) => {
    const replay = replayOf(projection);
    const rereads = sources.map((source) => new Reread(options, source, beside, replay));
    for (;;) {
      for (const reread of rereads) await reread.catchUp();
      const swapped = await whenHeld(pool, async (tx) => {
        // All partitions are locked before any is read, so that none moves ahead meanwhile.
        for (const { key } of rereads) await lockSubscription(tx, key);
        await beside.hold(tx);
        for (const reread of rereads) if (!(await reread.covers(tx))) return false;
        for (const reread of rereads) await reread.settle(tx);
        await replay.flush(tx);
        await beside.swap(tx);
        return true;
      });
      if (swapped) return rereads.reduce((sum, { events }) => sum + events, 0);
    }
  });
};
