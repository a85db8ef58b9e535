import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { inTransaction } from '../subscription/transaction.ts';
import type { EventStore, Projection } from '../store.ts';
import { orderingLock } from '../store/schema.ts';

export interface RebuildOptions {
  readonly pool: Pool;
  readonly schema: string;
  readonly store: Pick<EventStore, 'readAll'>;
  readonly projection: Projection;
  /** Events a transaction (default 1,000). */
  readonly batch?: number;
  readonly onProgress?: (events: number, position: number) => void;
}

const BATCH = 1_000;
/** Events that may still be missing when the log is stopped for the last of them. */
const CLOSE_ENOUGH = 1_000;

/**
 * Projects a service's log from its beginning into new tables beside the live ones, then puts them in their place. Reading
 * and writing go on meanwhile; appends wait only while the last events are caught up and the tables change places.
 * What a killed rebuild left is thrown away by the next.
 * @returns how many events were projected
 */
export const rebuild = async (options: RebuildOptions): Promise<number> => {
  const { pool, schema, store, projection, batch = BATCH, onProgress } = options;
  const beside = `${schema}__rebuild_${projection.name}`;
  await layOut(pool, schema, beside, projection);
  let position = 0;
  let count = 0;

  /** Projects one batch in a transaction that finds the new tables first. */
  const step = async (tx: PoolClient): Promise<number> => {
    const events = await store.readAll({ after: position, limit: batch, types: projection.types });
    const last = events.at(-1);
    if (last === undefined) return 0;
    await tx.query(`set local search_path = ${escapeIdentifier(beside)}, ${escapeIdentifier(schema)}`);
    await projection.handle(events, tx);
    position = last.position;
    count += events.length;
    onProgress?.(count, position);
    return events.length;
  };

  let read: number;
  do read = await inTransaction(pool, step);
  while (read >= Math.min(batch, CLOSE_ENOUGH));
  await inTransaction(pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${orderingLock(schema)})`);
    while ((await step(tx)) > 0);
    await swap(tx, schema, beside, projection);
  });
  return count;
};

const layOut = (pool: Pool, schema: string, beside: string, { tables }: Projection): Promise<void> =>
  inTransaction(pool, async (tx) => {
    await tx.query(`drop schema if exists ${escapeIdentifier(beside)} cascade; create schema ${escapeIdentifier(beside)}`);
    for (const table of tables) {
      const name = escapeIdentifier(table);
      await tx.query(`create table ${escapeIdentifier(beside)}.${name} (like ${escapeIdentifier(schema)}.${name} including all)`);
    }
  });

/** Constraints and indexes keep the live tables' names, by which errors of theirs are known. */
const swap = async (tx: PoolClient, schema: string, beside: string, { tables }: Projection): Promise<void> => {
  for (const table of tables) {
    const names = await indexNames(tx, schema, beside, table);
    await tx.query(`drop table ${escapeIdentifier(schema)}.${escapeIdentifier(table)}`);
    for (const { made, wanted } of names) {
      if (made !== wanted) await tx.query(`alter index ${escapeIdentifier(beside)}.${escapeIdentifier(made)} rename to ${escapeIdentifier(wanted)}`);
    }
    await tx.query(`alter table ${escapeIdentifier(beside)}.${escapeIdentifier(table)} set schema ${escapeIdentifier(schema)}`);
  }
  await tx.query(`drop schema ${escapeIdentifier(beside)}`);
};

/** Pairs indexes of the new table with those of the live one that have the same definition. */
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
