import { DatabaseError, escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { lockKey } from '../leader.ts';
import type { Projection } from '../store.ts';
import { inTransaction } from '../subscription/transaction.ts';
import { tryAgain } from '../try-again.ts';

/**
 * Empty copies of a projection's tables, in a schema next to the live one. They are filled and then replace the live tables.
 */
export interface Beside {
  /** Makes `tx` resolve table names to the new tables before the live ones, until it ends. */
  enter(tx: PoolClient): Promise<void>;
  /**
   * Locks the live tables until `tx` ends; `swap` must follow. Everything before it in `tx` must be repeatable: it fails
   * while a long query reads the tables.
   * @throws DatabaseError 55P03 (lock_not_available)
   */
  hold(tx: PoolClient): Promise<void>;
  /**
   * Replaces the live tables by the new ones. The database refuses if an outside object depends on a live table (a view, a
   * foreign key of another table), because that object would be dropped too.
   */
  swap(tx: PoolClient): Promise<void>;
}

/** Longest wait of a swap for readers of the live tables, in milliseconds. Meanwhile new readers wait for the swap. */
const PATIENCE_MS = 2_000;
/** How often a lock on the tables is attempted, since a long query may be reading them. */
const TRIES = 10;

/** Longest wait for the session of a rebuild that has just ended or was killed, in milliseconds. */
const TAKEOVER_MS = 3_000;

const isNotAvailable = (error: unknown): boolean => error instanceof DatabaseError && error.code === '55P03';

/** Runs the transaction that locks and swaps, and repeats it while the live tables cannot be locked. */
export const whenHeld = <T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> =>
  // Each attempt ends its transaction, so that queries that wait for it can continue before the next attempt.
  tryAgain(() => inTransaction(pool, work), { when: isNotAvailable, atMost: TRIES });

/**
 * Creates the new tables and has `work` fill them. Only one rebuild of a projection runs at a time. It drops the tables that
 * a killed rebuild left.
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
        // These writes need not survive a crash before the swap, and the swap precedes all later commits in the write-ahead
        // log.
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
    // Closing the connection releases the lock, in any state of the connection.
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

/** An operator may run the rebuild, but the table must still belong to its service. */
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
 * Pairs indexes of the new table with those of the live table that have the same definition. They keep their names, because
 * code recognizes violations of a unique index by its name.
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
