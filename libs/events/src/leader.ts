import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { LockSession } from './lock-session.ts';

/** Pause between two tries of a follower to take the lock, in milliseconds. */
const RETRY_MS = 1_000;

export interface Leadership {
  /** Gives the lock up and waits for the work to end. */
  stop(): Promise<void>;
}

/**
 * Runs `work` in one process at a time among all that call this with the same name on one database. The leader holds a
 * session advisory lock, so another process takes over from a killed leader within a second or two. `work` must end soon
 * after its signal aborts: that happens at `stop` and when the session that holds the lock is lost.
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
  const session = LockSession.of(pool);

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const held = await session.tryLock(lock);
        if (held !== undefined) {
          try {
            await work(AbortSignal.any([stopping.signal, held.lost]));
          } finally {
            await held.unlock();
          }
        }
      } catch (error) {
        onError(error);
      }
      await pause(RETRY_MS, stopping.signal);
    }
  };

  session.enter();
  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
      await session.leave();
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
