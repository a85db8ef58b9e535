import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { lockKey } from '#events/leader';
import { isUnavailable } from '#events/store/away';
import { tryAgain } from '#events/try-again';
import { ConfigError } from '#platform/config/config-error';
import type { Config } from '#platform/config/config';
import { type EmbeddedPostgres, startPostgres } from './embedded.ts';

/** The database that a process works on. */
export interface RunningDatabase {
  readonly url: string;
  /** Stops the server if it was started for this database. */
  close(): Promise<void>;
}

type Place = Pick<Config, 'database_url' | 'data_dir'>;

const NAME = 'keyledger';
/** Longest wait for the session of a killed owner to end, in milliseconds. */
const TAKEOVER_MS = 5_000;
/** The most starts of a server that its owner stops while this process waits for it. */
const TRIES = 5;

/** The database of DATABASE_URL, or the embedded PostgreSQL of the data folder, of which there is one owner at a time. */
export const openDatabase = async (place: Place): Promise<RunningDatabase> => {
  if (place.database_url !== undefined) return given(place.database_url);
  const { postgres, owner } = await own(place.data_dir, TAKEOVER_MS);
  if (owner === undefined) {
    throw new ConfigError(
      `Another Keyledger is running on ${place.data_dir}. Stop it, or set KEYLEDGER_DATA to another folder.`,
    );
  }
  return owned(postgres, owner);
};

/** As `openDatabase`, also beside a Keyledger that runs on it. `close` stops the server only if it had no owner. */
export const visitDatabase = async (place: Place): Promise<RunningDatabase> => {
  if (place.database_url !== undefined) return given(place.database_url);
  const { postgres, owner } = await own(place.data_dir, 0);
  return owner === undefined ? given(postgres.urlOf(NAME)) : owned(postgres, owner);
};

const given = (url: string): RunningDatabase => ({ url, close: () => Promise.resolve() });

/**
 * The owner stops the server while it holds the lock, so that no other process takes the server over meanwhile. Processes that
 * wait for the lock lose their connections, and start the server again.
 */
const owned = (postgres: EmbeddedPostgres, owner: pg.Client): RunningDatabase => {
  const wentAway = (error: Error): void => console.error(`PostgreSQL went away: ${error.message}`);
  owner.on('error', wentAway);
  return {
    url: postgres.urlOf(NAME),
    close: async () => {
      owner.off('error', wentAway);
      await postgres.stop();
      await owner.end();
    },
  };
};

/** Starts the server of a folder unless it runs. The owner is undefined if another process owned it for all that time. */
const own = async (
  folder: string,
  patienceMs: number,
): Promise<{ postgres: EmbeddedPostgres; owner: pg.Client | undefined }> => {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  // The server may run as another user, which needs to traverse the folder. Private files inside have their own modes.
  chmodSync(folder, 0o711);
  return tryAgain(
    async () => {
      const postgres = await startPostgres(join(folder, 'postgres'));
      return { postgres, owner: await takeOwnership(postgres.url, patienceMs) };
    },
    { when: isUnavailable, atMost: TRIES },
  );
};

/** @returns the session that owns the folder; undefined if another one does. @throws if the server is stopping */
const takeOwnership = async (url: string, patienceMs: number): Promise<pg.Client | undefined> => {
  const client = new pg.Client({ connectionString: url, application_name: 'keyledger owner' });
  // A lost session fails the query under way, or the next one.
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (const deadline = performance.now() + patienceMs; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [
        lockKey('keyledger:owner'),
      ]);
      if (rows[0]?.ours) break;
      // A new owner may not have created the database yet.
      if (performance.now() >= deadline && (await hasDatabase(client))) {
        await client.end();
        return undefined;
      }
    }
    await createDatabase(client);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
};

const createDatabase = async (client: pg.Client): Promise<void> => {
  if (!(await hasDatabase(client))) await client.query(`create database ${NAME}`);
};

const hasDatabase = async (client: pg.Client): Promise<boolean> => {
  const { rows } = await client.query('select from pg_database where datname = $1', [NAME]);
  return rows.length > 0;
};
