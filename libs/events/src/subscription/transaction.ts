import type { Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { connected } from '../connection.ts';
import { openPool } from '../pool.ts';
import { together } from '../store/together.ts';

/**
 * A transaction finds the rows that it writes by keys, whatever the planner assumes of the tables. Without statistics of a young
 * table the planner would choose a sequential scan, and keep that plan while the table grows.
 */
const BY_KEYS = ['enable_seqscan = off', 'enable_hashjoin = off', 'enable_mergejoin = off'];
export const BEGIN = ['begin', ...BY_KEYS.map((setting) => `set local ${setting}`)].join('; ');

/** Runs `work` in a transaction of its own; a connection in doubt is not used again. */
export const inTransaction = <T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> =>
  connected(pool, async (client) => {
    await client.query(BEGIN);
    const result = await work(client);
    await client.query('commit');
    return result;
  });

/**
 * As {@link inTransaction} in fewer round trips: the queries of `open` go out in one piece with the begin, those of `close` with
 * the commit. Both send their queries before they await anything, and the pool's connections are in pipeline mode.
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
    // If a query of `close` fails, the commit rolls back.
    await together(client, () => Promise.all([close(result, client), client.query('commit')]));
    return result;
  });

/**
 * A query that finds rows only by keys needs one plan for all parameters, even one that was made while the tables were empty.
 */
const ONE_PLAN = 'plan_cache_mode = force_generic_plan';
export const PLAN_ONCE = `set local ${ONE_PLAN}`;

/**
 * Connections besides those of `pool`, for statements that each are a transaction by themselves. They have the settings of a
 * transaction from the start, so that a statement is one message there and one back. They stay open, to keep their plans.
 * @param connections at most
 * @param onError receives the error of a connection that is lost while it is idle
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
