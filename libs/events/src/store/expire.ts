import type { Pool } from 'pg';

/** How often expired command ids are removed, in milliseconds. They count as unknown from the moment they expire. */
const EVERY_MS = 10 * 60_000;

/** Rows per statement: few enough not to block other work. */
const AT_ONCE = 5_000;

/** Removes expired results of commands. Several processes may do this at the same time. */
export const expireCommands = (pool: Pool, onError: (error: unknown) => void): { stop(): Promise<void> } => {
  let stopped = false;
  let running = Promise.resolve();
  const sweep = async (): Promise<void> => {
    for (let removed = AT_ONCE; removed === AT_ONCE && !stopped;) removed = await removeExpired(pool);
  };
  const timer = setInterval(() => {
    running = running.then(sweep).catch(onError);
  }, EVERY_MS).unref();
  return {
    stop: () => {
      stopped = true;
      clearInterval(timer);
      return running;
    },
  };
};

/** @returns how many were removed, at most `AT_ONCE` */
export const removeExpired = async (pool: Pool): Promise<number> => {
  const { rowCount } = await pool.query(
    `delete from commands where command_id in
       (select command_id from commands where expires_at <= now() limit ${AT_ONCE} for update skip locked)`,
  );
  return rowCount ?? 0;
};
