import { DatabaseError, escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { lockKey } from '../leader.ts';
import type { Projection } from '../store.ts';
import { inTransaction } from '../subscription/transaction.ts';

/** Empty copies of a projection's tables, in a schema beside the live one, to be filled and put in their place. */
export interface Beside {
  /** Makes `tx` find the new tables before the live ones, until it ends. */
  enter(tx: PoolClient): Promise<void>;
  /**
   * Keeps everybody off the live tables until `tx` ends; `swap` is to follow. Nothing that cannot be done again may come
   * before it: who reads the tables for long makes it give up.
   * @throws DatabaseError 55P03 (lock_not_available)
   */
  hold(tx: PoolClient): Promise<void>;
  /**
   * Puts the new tables in the place of the live ones. What stands upon a live table from outside (a view, a foreign key of
   * another table) would go with it, so the database refuses.
   */
  swap(tx: PoolClient): Promise<void>;
}

/** How long a swap waits for those who read the live tables, in milliseconds, while others begin to wait for it. */
const PATIENCE_MS = 2_000;
/** Tries to get hold of tables that somebody may be reading for long. */
const TRIES = 10;

/** The session of a rebuild that has just ended, or was killed, lasts a moment longer than itself, in milliseconds. */
const TAKEOVER_MS = 3_000;

const isNotAvailable = (error: unknown): boolean => error instanceof DatabaseError && error.code === '55P03';

/** Runs the transaction that holds and swaps, again and again while the live tables cannot be held. */
export const whenHeld = async <T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await inTransaction(pool, work);
    } catch (error) {
      // Those who waited go on before the next try.
      if (!isNotAvailable(error) || tries === TRIES) throw error;
    }
  }
};

/**
 * Lays out the new tables and has `work` fill them. One rebuild of a projection runs at a time; what a killed one left is
 * thrown away by the next.
 * @throws when another process is rebuilding the projection
 */
export const besideLive = async <T>(
  pool: Pool,
  schema: string,
  projection: Projection,
  work: (beside: Beside) => Promise<T>,
): Promise<T> => {
  const client = await pool.connect();
  const lock = lockKey(`keyledger:rebuild:${schema}:${projection.name}`);
  try {
    await client.query(`set lock_timeout = ${TAKEOVER_MS}`);
    await client.query('select pg_advisory_lock($1)', [lock]).catch((error: unknown) => {
      if (!isNotAvailable(error)) throw error;
      throw new Error(`another process is rebuilding ${projection.name} of ${schema}`, { cause: error });
    });
    const name = `${schema}__rebuild_${projection.name}`;
    await layOut(pool, schema, name, projection);
    return await work({
      enter: async (tx) => {
        // Nothing here need survive a crash before the swap; and that is in the log before whatever is committed after it.
        await tx.query(
          `set local synchronous_commit = off; set local search_path = ${escapeIdentifier(name)}, ${escapeIdentifier(schema)}`,
        );
      },
      hold: async (tx) => {
        const live = projection.tables.map((table) => `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`);
        await tx.query(
          `set local lock_timeout = ${PATIENCE_MS}; lock table ${live.join(', ')} in access exclusive mode`,
        );
      },
      swap: (tx) => swap(tx, schema, name, projection),
    });
  } finally {
    // Closing the connection gives the lock back, whatever state it is in.
    client.release(true);
  }
};

const layOut = (pool: Pool, schema: string, beside: string, { tables }: Projection): Promise<void> =>
  inTransaction(pool, async (tx) => {
    await tx.query(
      `drop schema if exists ${escapeIdentifier(beside)} cascade; create schema ${escapeIdentifier(beside)}`,
    );
    for (const table of tables) {
      const name = escapeIdentifier(table);
      const live = `${escapeIdentifier(schema)}.${name}`;
      const made = `${escapeIdentifier(beside)}.${name}`;
      await tx.query(`create table ${made} (like ${live} including all)`);
      await giveSameRights(tx, live, made);
    }
  });

/** Who rebuilds may be an operator; the table stays its service's. */
const giveSameRights = async (tx: PoolClient, live: string, made: string): Promise<void> => {
  const { rows } = await tx.query<{ sql: string }>(
    `select concat_ws('; ', (
         select string_agg(format('grant %s on %s to %s', privilege_type, $2::text,
             case grantee when 0 then 'public' else grantee::regrole::text end), '; ')
           from aclexplode(relacl) where grantee <> relowner
       ), format('alter table %s owner to %s', $2::text, relowner::regrole)) as sql
       from pg_class where oid = $1::regclass`,
    [live, made],
  );
  for (const { sql } of rows) await tx.query(sql);
};

const swap = async (tx: PoolClient, schema: string, beside: string, { tables }: Projection): Promise<void> => {
  for (const table of tables) {
    const renames = await indexNames(tx, schema, beside, table);
    await tx.query(`drop table ${escapeIdentifier(schema)}.${escapeIdentifier(table)}`);
    for (const { made, wanted } of renames) {
      const index = `${escapeIdentifier(beside)}.${escapeIdentifier(made)}`;
      if (made !== wanted) await tx.query(`alter index ${index} rename to ${escapeIdentifier(wanted)}`);
    }
    const made = `${escapeIdentifier(beside)}.${escapeIdentifier(table)}`;
    await tx.query(`alter table ${made} set schema ${escapeIdentifier(schema)}`);
  }
  await tx.query(`drop schema ${escapeIdentifier(beside)}`);
};

/**
 * Pairs indexes of the new table with those of the live one that have the same definition: they are to keep the names by
 * which code knows the errors of a unique index.
 */
const indexNames = async (
  tx: PoolClient,
  schema: string,
  beside: string,
  table: string,
): Promise<{ made: string; wanted: string }[]> => {
  const { rows } = await tx.query<{ schemaname: string; indexname: string; indexdef: string }>(
    'select schemaname, indexname, indexdef from pg_indexes where tablename = $1 and schemaname in ($2, $3) order by indexname',
    [table, schema, beside],
  );
  const shape = (definition: string): string => definition.replace(/ INDEX .*? ON \S+ /, ' INDEX ON ');
  const live = rows.filter(({ schemaname }) => schemaname === schema);
  return rows
    .filter(({ schemaname }) => schemaname === beside)
    .flatMap(({ indexname, indexdef }) => {
      const n = live.findIndex((one) => shape(one.indexdef) === shape(indexdef));
      const [match] = n === -1 ? [] : live.splice(n, 1);
      return match === undefined ? [] : [{ made: indexname, wanted: match.indexname }];
    });
};
