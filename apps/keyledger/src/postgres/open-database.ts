import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { lockKey } from '#events';
import { type Config, ConfigError } from '#platform';
import { startPostgres } from './embedded.ts';

/** The database that a process works on. */
export interface RunningDatabase {
  readonly url: string;
  /** Stops what was started with it. */
  close(): Promise<void>;
}

const NAME = 'keyledger';
/** A killed owner's session lasts a moment longer than itself. */
const TAKEOVER_MS = 5_000;

/** The database of DATABASE_URL, or the embedded PostgreSQL of the data folder, of which there is one user at a time. */
export const openDatabase = async (config: Pick<Config, 'database_url' | 'data_dir'>): Promise<RunningDatabase> => {
  if (config.database_url !== undefined) return { url: config.database_url, close: () => Promise.resolve() };
  mkdirSync(config.data_dir, { recursive: true, mode: 0o711 });
  // The server may run as another user, who must be able to pass through; what is private inside is private by itself.
  chmodSync(config.data_dir, 0o711);
  const postgres = await startPostgres(join(config.data_dir, 'postgres'));
  const owner = await takeOwnership(postgres.url, config.data_dir);
  await createDatabase(owner);
  return {
    url: postgres.urlOf(NAME),
    close: async () => {
      await owner.end();
      await postgres.stop();
    },
  };
};

/** Two processes on one folder would stop each other's PostgreSQL. @throws when another one keeps it */
const takeOwnership = async (url: string, folder: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url, application_name: 'keyledger owner' });
  client.on('error', (error) => console.error(`PostgreSQL went away: ${error.message}`));
  await client.connect();
  const deadline = Date.now() + TAKEOVER_MS;
  for (;;) {
    const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [
      lockKey('keyledger:owner'),
    ]);
    if (rows[0]?.ours) return client;
    if (Date.now() > deadline) {
      await client.end();
      throw new ConfigError(
        `Another Keyledger is running on ${folder}. Stop it, or set KEYLEDGER_DATA to another folder.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const createDatabase = async (client: pg.Client): Promise<void> => {
  const { rows } = await client.query('select from pg_database where datname = $1', [NAME]);
  if (rows.length === 0) await client.query(`create database ${NAME}`);
};
