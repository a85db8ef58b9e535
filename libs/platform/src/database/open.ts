import pg from 'pg';
import { DataSource } from 'typeorm';
import { openPool } from '#events/pool';
import { ConfigError } from '../config/config-error.ts';
import type { EntityClass, MigrationClass, ServiceDatabase } from './database.ts';
import { grantUse, migrate } from './migrate.ts';

export interface DatabaseOptions {
  readonly url: string;
  /**
   * The same database as another role, which owns the schema: it is used for the migrations only. Then the role of `url` can
   * add events but not change them. Without this URL, the role of `url` owns the schema, and only a trigger protects events
   * from changes.
   */
  readonly migrationUrl?: string | undefined;
  /** The service's own schema; created if it is missing. */
  readonly schema: string;
  readonly entities: readonly EntityClass[];
  readonly migrations: readonly MigrationClass[];
  /** Prepared statements are planned at each execution instead of once (default false). */
  readonly planAlways?: boolean;
  /**
   * The maximum number of connections (default 16). It must be more than the service has subscriptions: each handler holds one in
   * its transaction while the event store needs another.
   */
  readonly connections?: number;
  readonly onError: (error: Error) => void;
}

/** Opens a service's pool and brings its schema up to date: event store, subscriptions, idempotency, read tables. */
export const openDatabase = async (options: DatabaseOptions): Promise<ServiceDatabase> => {
  const { url, migrationUrl, schema, connections = 16 } = options;
  const { pool, orm } = connect(options, url, connections);
  try {
    if (migrationUrl === undefined) {
      await migrate(pool, schema, orm);
    } else {
      await migrateAs(options, migrationUrl, await roleOf(pool));
      await orm.initialize();
    }
  } catch (error) {
    await (orm.isInitialized ? orm.destroy() : pool.end());
    throw error;
  }
  return { schema, pool, orm };
};

const connect = (options: DatabaseOptions, url: string, max: number): { pool: pg.Pool; orm: DataSource } => {
  const { schema, entities, migrations, planAlways = false, onError } = options;
  const pool = openPool(
    {
      connectionString: url,
      options: `-c search_path=${schema}${planAlways ? ' -c plan_cache_mode=force_custom_plan' : ''}`,
      application_name: `keyledger ${schema}`,
      max,
      pipeline: true,
    },
    onError,
  );
  const orm = new DataSource({
    type: 'postgres',
    // TypeORM uses this pool, so that its transactions and ours share connections.
    driver: {
      ...pg,
      Pool: function () {
        return pool;
      },
    },
    schema,
    entities: [...entities],
    migrations: [...migrations],
    migrationsTableName: 'migrations',
  });
  return { pool, orm };
};

const migrateAs = async (options: DatabaseOptions, url: string, worker: string): Promise<void> => {
  const { pool, orm } = connect(options, url, 2);
  try {
    if ((await roleOf(pool)) === worker) {
      throw new ConfigError(`KEYLEDGER_MIGRATION_DATABASE_URL and DATABASE_URL are both of the role ${worker}.`);
    }
    await migrate(pool, options.schema, orm);
    await grantUse(pool, options.schema, worker);
  } finally {
    await (orm.isInitialized ? orm.destroy() : pool.end());
  }
};

const roleOf = async (pool: pg.Pool): Promise<string> => {
  const { rows } = await pool.query<{ role: string }>('select current_user as role');
  const [{ role } = { role: '' }] = rows;
  return role;
};
