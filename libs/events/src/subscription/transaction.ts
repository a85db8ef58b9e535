import type { Pool, PoolClient } from 'pg';

/**
 * What a transaction writes it finds by keys, whatever PostgreSQL takes the tables to be: as long as it has no statistics of a
 * young one it would read that whole, and keep the plan while the table grows.
 */
export const BEGIN =
  'begin; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off';

/** Runs work in a transaction of its own; a connection in doubt is not used again. */
export const inTransaction = async <T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query(BEGIN);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(onError);
    throw error;
  } finally {
    // A dead connection may complain once more, after it has been let go.
    if (broken === undefined) client.off('error', onError);
    client.release(broken);
  }
};
