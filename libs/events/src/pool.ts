import pg from 'pg';

/**
 * Opens a connection pool that survives the loss of single connections.
 * @param onError receives the error of a connection that is lost while it is idle
 */
export const openPool = (config: pg.PoolConfig, onError: (error: Error) => void): pg.Pool => {
  const pool = new pg.Pool(config);
  // `end` resolves before the sessions are closed. A server that stops then terminates them, which is not an error.
  pool.on('error', (error) => {
    if (!pool.ending) onError(error);
  });
  // A connection that is lost during checkout has no error listener yet, which would end the process. This listener prevents
  // that; the first query then fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};
