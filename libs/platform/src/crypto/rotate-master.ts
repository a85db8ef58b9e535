import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#events/subscription/transaction';
import { addSealing, REFRESH_MS, ringLock, unwrap, wrap } from './key-ring.ts';
import { type RootKey, sealedUnder } from './keys.ts';
import { createMasterKey } from './master-key.ts';
import type { MasterKeys } from './master-keys.ts';
import { SEALED_EVERYWHERE, type SealedColumn } from './sealed-column.ts';
import { reseal, sealedUnderOthers } from './reseal.ts';

export interface Rotation {
  /** Connections whose `search_path` is the service's schema. */
  readonly pool: Pool;
  readonly schema: string;
  /** The service's own sealed columns, besides those that every service has. */
  readonly columns: readonly SealedColumn[];
  readonly masters: MasterKeys;
  /** How often the open rings of the service read their keys again, in milliseconds (default `REFRESH_MS`). */
  readonly refreshMs?: number;
  /** Receives the progress: how many rows of a table are resealed, and how many there are in total. */
  readonly onProgress: (table: string, done: number, of: number) => void;
}

/** The state of the keys that protect a service's secrets. */
export interface KeyStatus {
  /** The service's keys, by the master key that wraps each. */
  readonly keys: readonly { readonly kid: string; readonly wrapped_under: string; readonly seals: boolean }[];
  /** Number of rows that are sealed under another key than the current sealing key, by table. */
  readonly behind: Readonly<Record<string, number>>;
}

/** Number of reads after which every open ring has a new key and, once that key seals, seals only with it. */
const READS = 2;

/**
 * First half: wraps the service's keys again under the current master key, and adds a new key that seals some seconds later.
 * After that the old master key opens nothing new. Running services continue meanwhile.
 */
export const rewrapKeys = ({
  pool,
  schema,
  masters,
  refreshMs = REFRESH_MS,
}: Omit<Rotation, 'columns' | 'onProgress'>): Promise<void> =>
  inTransaction(pool, (client) => rewrap(client, schema, masters, READS * refreshMs));

/** Second half: reseals the values in tables under the current sealing key. If it is killed, call it again to continue. */
export const resealTables = async ({
  pool,
  schema,
  columns,
  masters,
  refreshMs = REFRESH_MS,
  onProgress,
}: Rotation): Promise<void> => {
  const root = await sealingRoot(pool, schema, masters, READS * refreshMs);
  const roots = await allRoots(pool, schema, masters);
  for (const column of [...SEALED_EVERYWHERE, ...columns]) await reseal({ pool, column, root, roots, onProgress });
};

/** Reads the current state of the rotation. */
export const keyStatus = async ({ pool, columns }: Pick<Rotation, 'pool' | 'columns'>): Promise<KeyStatus> => {
  const { rows } = await pool.query<{ kid: string; wrapped: string; seals: boolean }>(
    `select kid, wrapped, seals_from is not null and seals_from = max(seals_from) over () as seals
     from root_keys order by created_at, kid`,
  );
  const sealing = rows.find(({ seals }) => seals)?.kid ?? '';
  const behind: Record<string, number> = {};
  for (const column of [...SEALED_EVERYWHERE, ...columns])
    behind[column.table] = await sealedUnderOthers(pool, column, sealing);
  return {
    keys: rows.map(({ kid, wrapped, seals }) => ({ kid, wrapped_under: sealedUnder(wrapped), seals })),
    behind,
  };
};

const rewrap = async (client: PoolClient, schema: string, masters: MasterKeys, sealsAfterMs: number): Promise<void> => {
  const [present] = masters;
  await client.query('select pg_advisory_xact_lock($1)', [ringLock(schema)]);
  const { rows } = await client.query<{ kid: string; wrapped: string; made_under: string; seals: boolean }>(
    'select kid, wrapped, made_under, seals_from is not null as seals from root_keys for update',
  );
  for (const { kid, wrapped } of rows) {
    if (sealedUnder(wrapped) === present.kid) continue;
    const anew = wrap(unwrap({ kid, wrapped }, masters, schema), kid, present);
    await client.query('update root_keys set wrapped = $2 where kid = $1', [kid, anew]);
  }
  // If an earlier run was killed, the new key exists already.
  const isThere = rows.some(({ made_under, seals }) => seals && made_under === present.kid);
  if (rows.length > 0 && !isThere) await addSealing(client, present, sealsAfterMs);
};

/** Returns the key that seals, as soon as it has been sealing for `settledAfterMs`: by then no ring seals with another key. */
const sealingRoot = async (
  pool: Pool,
  schema: string,
  masters: MasterKeys,
  settledAfterMs: number,
): Promise<RootKey> => {
  for (;;) {
    const { rows } = await pool.query<{ kid: string; wrapped: string; wait: number }>(
      `select kid, wrapped, extract(epoch from seals_from - clock_timestamp())::float8 * 1000 + $1 as wait
       from root_keys where seals_from is not null order by seals_from desc limit 1`,
      [settledAfterMs],
    );
    const [row] = rows;
    if (row === undefined) throw new Error(`${schema} has no keys yet: start it once`);
    if (row.wait <= 0) return createMasterKey(unwrap(row, masters, schema));
    await sleep(row.wait);
  }
};

const allRoots = async (pool: Pool, schema: string, masters: MasterKeys): Promise<ReadonlyMap<string, RootKey>> => {
  const { rows } = await pool.query<{ kid: string; wrapped: string }>('select kid, wrapped from root_keys');
  return new Map(rows.map((row) => [row.kid, createMasterKey(unwrap(row, masters, schema))]));
};
