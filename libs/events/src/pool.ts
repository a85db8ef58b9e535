import pg from 'pg';

/**
 * Opens connections that outlive what PostgreSQL does to single ones of them.
 * @param onError hears of connections that are lost while nothing is asked of them
 */
export const openPool = (config: pg.PoolConfig, onError: (error: Error) => void): pg.Pool => {
  const pool = new pg.Pool(config);
  pool.on('error', onError);
  // One that is cut while it is handed over has nobody yet who listens, and would end the process; its first query tells.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};
