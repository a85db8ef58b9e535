import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { Connection } from './connection.ts';

/** Pause between two tries of a follower to take the lock, and between two checks of a leader's connection, in milliseconds. */
const HEARTBEAT_MS = 1_000;

export interface Leadership {
  /** Gives the lock up and waits for the work to end. */
  stop(): Promise<void>;
}

/**
 * Runs `work` in one process at a time among all that call this with the same name on one database. The leader holds a
 * session advisory lock, so another process takes over from a killed leader within a second or two. `work` must end soon
 * after its signal aborts: that happens at `stop` and when the connection that holds the lock is lost.
 *
 * A leader that has lost its lock may overlap with its successor for a moment: work must be guarded (checkpoints that
 * only rise, commands with expected versions), never rely on the lock alone.
 */
export const runAsLeader = (
  pool: Pool,
  name: string,
  work: (signal: AbortSignal) => Promise<void>,
  onError: (error: unknown) => void,
): Leadership => {
  const stopping = new AbortController();
  const lock = lockKey(name);

  const lead = async (client: PoolClient): Promise<void> => {
    const lost = new AbortController();
    const over = AbortSignal.any([stopping.signal, lost.signal]);
    const working = work(over);
    const watching = (async () => {
      while (!over.aborted) {
        await pause(HEARTBEAT_MS, over);
        await client.query('select 1').catch(() => lost.abort());
      }
    })();
    try {
      await working;
    } finally {
      lost.abort();
      await watching;
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      let connection: Connection | undefined;
      try {
        connection = await Connection.open(pool);
        const { client } = connection;
        const { rows } = await client.query<{ won: boolean }>('select pg_try_advisory_lock($1) as won', [lock]);
        if (rows[0]?.won) {
          try {
            await lead(client);
          } finally {
            await client.query('select pg_advisory_unlock($1)', [lock]);
          }
        }
      } catch (error) {
        // A connection of unknown state is closed, which also releases its lock.
        connection?.discard(error);
        onError(error);
      } finally {
        connection?.release();
      }
      await pause(HEARTBEAT_MS, stopping.signal);
    }
  };

  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};

/** Waits; returns immediately when the signal aborts. */
export const pause = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return;
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
};

/** A name as the 64-bit key of an advisory lock (decimal text, as pg wants bigints). */
export const lockKey = (name: string): string =>
  createHash('sha256').update(name).digest().readBigInt64BE(0).toString();
