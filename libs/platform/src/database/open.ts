import { lockKey, migrateEventStore, migrateSubscriptions } from '#events';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { migrateIdempotency } from '../http/idempotency.ts';
import type { EntityClass, MigrationClass, ServiceDatabase } from './database.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** The service's own schema; made when it is missing. */
  readonly schema: string;
  readonly entities: readonly EntityClass[];
  readonly migrations: readonly MigrationClass[];
  /** Connections at most (default 12). */
  readonly connections?: number;
  readonly onError: (error: Error) => void;
}

/** Opens a service's pool and brings its schema up to date: event store, subscriptions, idempotency, read tables. */
export const openDatabase = async (options: DatabaseOptions): Promise<ServiceDatabase> => {
  const { url, schema } = options;
  const pool = new pg.Pool({
    connectionString: url,
    options: `-c search_path=${schema}`,
    application_name: `keyledger ${schema}`,
    max: options.connections ?? 12,
  });
  pool.on('error', options.onError);
  const orm = new DataSource({
    type: 'postgres',
    // TypeORM works on this very pool, so that its transactions and ours share connections.
    driver: {
      ...pg,
      Pool: function () {
        return pool;
      },
    },
    schema,
    entities: [...options.entities],
    migrations: [...options.migrations],
    migrationsTableName: 'migrations',
  });
  try {
    await migrate(pool, schema, orm);
  } catch (error) {
    await (orm.isInitialized ? orm.destroy() : pool.end());
    throw error;
  }
  return { schema, pool, orm };
};

/** One process at a time: TypeORM's own migrations race otherwise. */
const migrate = async (pool: pg.Pool, schema: string, orm: DataSource): Promise<void> => {
  const client = await pool.connect();
  const lock = lockKey(`keyledger:migrate:${schema}`);
  try {
    await client.query('select pg_advisory_lock($1)', [lock]);
    const { rows } = await client.query<{ there: boolean }>('select to_regnamespace($1) is not null as there', [
      schema,
    ]);
    if (!rows[0]?.there) await client.query(`create schema ${pg.escapeIdentifier(schema)}`);
    await migrateEventStore(client, schema);
    await migrateSubscriptions(client, schema);
    await migrateIdempotency(client, schema);
    await orm.initialize();
    await orm.runMigrations();
  } finally {
    await client.query('select pg_advisory_unlock($1)', [lock]);
    client.release();
  }
};
