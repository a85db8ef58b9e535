import type pg from 'pg';
import { openPool } from '#events/pool';
import { type EventStoreOptions, PostgresEventStore } from '#events/store/postgres-event-store';
import { migrateEventStore } from '#events/store/schema';
import { freshDatabase, type TestDatabase } from './postgres.ts';

/** The log of a service named `things`, in its own database. */
export interface TestLog {
  readonly database: TestDatabase;
  /** Like the pool of the service: it finds tables in the schema `things`. */
  readonly pool: pg.Pool;
  /** A store like that of another process of the service. */
  open(of: Pick<EventStoreOptions, 'streams'> & Partial<EventStoreOptions>): Promise<PostgresEventStore>;
  /** Closes the open stores; their data stays. */
  closeStores(): Promise<void>;
  drop(): Promise<void>;
}

/** @param tables SQL that creates the read tables */
export const freshLog = async (tables = ''): Promise<TestLog> => {
  const database = await freshDatabase();
  // Dropping the database ends sessions that are still closing.
  const pool = openPool({ ...database.config, options: '-c search_path=things', max: 40 }, () => undefined);
  const client = await pool.connect();
  await client.query('create schema things');
  await migrateEventStore(client, 'things');
  await client.query(tables);
  client.release();

  const opened: PostgresEventStore[] = [];
  const closeStores = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  };
  return {
    database,
    pool,
    closeStores,
    open: async (of) => {
      const store = await PostgresEventStore.open({ pool, schema: 'things', projections: [], keys: REVERSED, ...of });
      opened.push(store);
      return store;
    },
    drop: async () => {
      await closeStores();
      await pool.end();
      await database.drop();
    },
  };
};

/** Keys are told from what is kept of them. */
const REVERSED = {
  wrap: (key: Uint8Array) => Buffer.from(key).reverse(),
  unwrap: (key: Uint8Array) => Buffer.from(key).reverse(),
};
