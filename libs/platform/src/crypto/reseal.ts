import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { inTransaction } from '#events/subscription/transaction';
import { type RootKey, sealedUnder } from './keys.ts';
import type { SealedColumn } from './sealed-column.ts';

export interface Resealing {
  readonly pool: Pool;
  readonly column: SealedColumn;
  /** The key that seals from now on. */
  readonly root: RootKey;
  /** All keys that values may be sealed under. */
  readonly roots: ReadonlyMap<string, RootKey>;
  readonly onProgress: (table: string, done: number, of: number) => void;
}

/** Rows per transaction: each transaction locks its rows for some milliseconds, and a kill loses at most one transaction. */
const AT_ONCE = 500;
/** Pause before rows that were all locked are tried again, in milliseconds. */
const LOCKED_MS = 100;

/** How many rows are sealed under another key than this one. */
export const sealedUnderOthers = async (pool: Pool, of: SealedColumn, kid: string): Promise<number> => {
  const { table, text } = names(of);
  const { rows } = await pool.query<{ count: string }>(
    `select count(*) from ${table} where left(${text}, length($1) + 1) <> $1 || '.'`,
    [kid],
  );
  return Number(rows[0]?.count);
};

/**
 * Reseals a column in the order of its primary keys, until no row is sealed under another key. Rows that are locked by other
 * transactions are skipped and found by the next round, so this never waits for a lock and cannot cause a deadlock.
 */
export const reseal = async ({ pool, column, root, roots, onProgress }: Resealing): Promise<void> => {
  let done = 0;
  for (let left = await sealedUnderOthers(pool, column, root.kid); left > 0;) {
    const of = done + left;
    onProgress(column.table, done, of);
    const before = done;
    for (let after: string | undefined = ''; after !== undefined;) {
      const turn = await inTransaction(pool, (client) => batch(client, column, root, roots, after ?? ''));
      done += turn.resealed;
      after = turn.last;
      if (turn.resealed > 0) onProgress(column.table, done, Math.max(of, done));
    }
    if (done === before) await sleep(LOCKED_MS);
    left = await sealedUnderOthers(pool, column, root.kid);
  }
};

interface Turn {
  readonly resealed: number;
  /** Primary key of the last row that was read; undefined = there are no more. */
  readonly last: string | undefined;
}

const batch = async (
  client: PoolClient,
  column: SealedColumn,
  root: RootKey,
  roots: ReadonlyMap<string, RootKey>,
  after: string,
): Promise<Turn> => {
  const { table, key, text, column: name, toColumn } = names(column);
  const { rows } = await client.query<{ key: string; sealed: string }>(
    `select ${key} as key, ${text} as sealed from ${table}
     where ${key} > $1 and left(${text}, length($2) + 1) <> $2 || '.' order by ${key} limit $3 for update skip locked`,
    [after, root.kid, AT_ONCE],
  );
  const anew = rows.map(({ key: id, sealed }) => {
    const under = roots.get(sealedUnder(sealed));
    if (under === undefined) throw new Error(`${column.table} ${id} is sealed under a key that is not there`);
    const context = column.context(id);
    return root.seal(column.purpose, under.open(column.purpose, sealed, context), context);
  });
  await client.query(
    `update ${table} as t set ${name} = ${toColumn('anew.sealed')}
     from unnest($1::text[], $2::text[]) as anew(key, sealed) where t.${key} = anew.key`,
    [rows.map((row) => row.key), anew],
  );
  return { resealed: rows.length, last: rows.at(-1)?.key };
};

const names = ({ table, key, column, type = 'text' }: SealedColumn) => ({
  table: escapeIdentifier(table),
  key: escapeIdentifier(key),
  column: escapeIdentifier(column),
  /** Sealed values are ASCII, in any type of column. */
  text: type === 'text' ? escapeIdentifier(column) : `convert_from(${escapeIdentifier(column)}, 'SQL_ASCII')`,
  toColumn: (sealed: string) => (type === 'text' ? sealed : `convert_to(${sealed}, 'SQL_ASCII')`),
});
