import type { Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { openPool } from '../pool.ts';
import { together } from '../store/together.ts';

/**
 * What a transaction writes it finds by keys, whatever PostgreSQL takes the tables to be: as long as it has no statistics of a
 * young one it would read that whole, and keep the plan while the table grows.
 */
const BY_KEYS = ['enable_seqscan = off', 'enable_hashjoin = off', 'enable_mergejoin = off'];
export const BEGIN = ['begin', ...BY_KEYS.map((setting) => `set local ${setting}`)].join('; ');

/** Runs work in a transaction of its own; a connection in doubt is not used again. */
export const inTransaction = <T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> =>
  connected(pool, async (client) => {
    await client.query(BEGIN);
    const result = await work(client);
    await client.query('commit');
    return result;
  });

/**
 * As {@link inTransaction} in fewer round trips: what `open` asks goes out with the begin, in one piece, and what `close` writes
 * with the commit. Both make their queries before they await anything, and the pool's connections are in pipeline mode.
 */
export const inPieces = <Opened, Result>(
  pool: Pool,
  open: (tx: PoolClient) => Promise<Opened>,
  work: (opened: Opened, tx: PoolClient) => Promise<Result>,
  close: (result: Result, tx: PoolClient) => Promise<unknown>,
): Promise<Result> =>
  connected(pool, async (client) => {
    const [, opened] = await together(client, () => Promise.all([client.query(BEGIN), open(client)]));
    const result = await work(opened, client);
    // Where it fails to write, the commit rolls back.
    await together(client, () => Promise.all([close(result, client), client.query('commit')]));
    return result;
  });

/** What is found by keys alone needs one plan, whatever the parameters, and be it made while all the tables are empty. */
const ONE_PLAN = 'plan_cache_mode = force_generic_plan';
export const PLAN_ONCE = `set local ${ONE_PLAN}`;

/**
 * Connections beside those of `pool`, for statements that each are a transaction by themselves. What others say at the beginning of a
 * transaction they say once, so that a statement is one message there and one back. They stay open, for the plans they hold.
 * @param connections at most
 * @param onError hears of connections that are lost while nothing is asked of them
 */
export const keyedPool = (pool: Pool, connections: number, onError: (error: Error) => void): Pool => {
  const settings = [...BY_KEYS, ONE_PLAN].map((setting) => `-c ${setting.replaceAll(' ', '')}`);
  const options = [pool.options.options ?? '', ...settings].join(' ');
  return openPool({ ...pool.options, options, max: connections, idleTimeoutMillis: 0 }, onError);
};

/**
 * Runs one statement in a transaction of its own, in one round trip. The pool's connections are in pipeline mode.
 * @param statement its plan is kept, as {@link PLAN_ONCE} says
 */
export const runAlone = <Row extends QueryResultRow>(pool: Pool, statement: QueryConfig): Promise<QueryResult<Row>> =>
  connected(pool, async (client) => {
    const [, result] = await together(client, () =>
      Promise.all([
        client.query(`${BEGIN}; ${PLAN_ONCE}`),
        client.query<Row>(statement),
        // When the statement fails, this rolls back.
        client.query('commit'),
      ]),
    );
    return result;
  });

const connected = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    return await work(client);
  } catch (error) {
    await client.query('rollback').catch(onError);
    throw error;
  } finally {
    // A dead connection may complain once more, after it has been let go.
    if (broken === undefined) client.off('error', onError);
    client.release(broken);
  }
};
