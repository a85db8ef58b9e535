import type { Pool, PoolClient } from 'pg';

/** Runs work in a transaction of its own; a connection in doubt is not used again. */
export const inTransaction = async <T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query('begin');
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
