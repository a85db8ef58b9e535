import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { AnyStreamType } from '#events/decider';
import type { Projection } from '#events/store';
import { PostgresEventStore } from '#events/store/postgres-event-store';
import { migrateEventStore } from '#events/store/schema';
import { migrateSubscriptions } from '#events/subscription/schema';
import { startPostgres } from '#apps/keyledger/src/postgres/embedded';

/** The embedded PostgreSQL with its production settings: fsync on, commits wait for the disk. */
export interface BenchDatabase {
  readonly url: string;
  query(sql: string): Promise<unknown>;
  stop(): Promise<void>;
}

export const startDatabase = async (): Promise<BenchDatabase> => {
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-bench-'));
  const postgres = await startPostgres(join(folder, 'postgres'));
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  return {
    url: postgres.url,
    query: (sql) => pool.query(sql),
    stop: async () => {
      await endPool(pool);
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
};

/** `end` does not wait until the connections are closed. If the server stops right after it, the connections report an error. */
const endPool = async (pool: pg.Pool): Promise<void> => {
  pool.on('error', () => undefined);
  await pool.end();
};

export interface BenchStore {
  readonly store: PostgresEventStore;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** A store in its own schema. @param tables SQL that creates the read tables */
export const freshStore = async (
  { url }: Pick<BenchDatabase, 'url'>,
  schema: string,
  { streams, projections, tables = '' }: { streams: AnyStreamType[]; projections: Projection[]; tables?: string },
): Promise<BenchStore> => {
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}`, max: 12, pipeline: true });
  const client = await pool.connect();
  await client.query(`create schema ${schema}`);
  await migrateEventStore(client, schema);
  await migrateSubscriptions(client, schema);
  await client.query(tables);
  client.release();
  const keys = { wrap: (key: Uint8Array) => key, unwrap: (key: Uint8Array) => key };
  const store = await PostgresEventStore.open({ pool, schema, streams, projections, keys });
  return {
    store,
    pool,
    close: async () => {
      await store.close();
      await endPool(pool);
    },
  };
};
