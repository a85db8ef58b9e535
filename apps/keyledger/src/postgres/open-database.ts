import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { lockKey } from '#events/leader';
import { ConfigError } from '#platform/config/config-error';
import type { Config } from '#platform/config/config';
import { type EmbeddedPostgres, startPostgres } from './embedded.ts';

/** The database that a process works on. */
export interface RunningDatabase {
  readonly url: string;
  /** Stops what was started with it. */
  close(): Promise<void>;
}

type Place = Pick<Config, 'database_url' | 'data_dir'>;

const NAME = 'keyledger';
/** A killed owner's session lasts a moment longer than itself. */
const TAKEOVER_MS = 5_000;
/** A server that its owner stops while we wait for it is started again, so often at most. */
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

/** As `openDatabase`, beside the Keyledger that runs on it, if one does: it is stopped afterwards only if nobody owned it. */
export const visitDatabase = async (place: Place): Promise<RunningDatabase> => {
  if (place.database_url !== undefined) return given(place.database_url);
  const { postgres, owner } = await own(place.data_dir, 0);
  return owner === undefined ? given(postgres.urlOf(NAME)) : owned(postgres, owner);
};

const given = (url: string): RunningDatabase => ({ url, close: () => Promise.resolve() });

/**
 * The server is stopped by its owner while he owns it, so that nobody takes it over meanwhile: who waits for it is cut
 * off with the owner, and starts it anew.
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

/** Starts the server of a folder where it does not run. The owner is undefined when there is another for all that time. */
const own = async (
  folder: string,
  patienceMs: number,
): Promise<{ postgres: EmbeddedPostgres; owner: pg.Client | undefined }> => {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  // The server may run as another user, who must be able to pass through; what is private inside is private by itself.
  chmodSync(folder, 0o711);
  for (let tries = 1; ; tries++) {
    const postgres = await startPostgres(join(folder, 'postgres'));
    try {
      return { postgres, owner: await takeOwnership(postgres.url, patienceMs) };
    } catch (error) {
      if (tries === TRIES || !isGone(error)) throw error;
    }
  }
};

/** @returns the session that holds the folder; undefined when another one does. @throws when the server is being stopped */
const takeOwnership = async (url: string, patienceMs: number): Promise<pg.Client | undefined> => {
  const client = new pg.Client({ connectionString: url, application_name: 'keyledger owner' });
  // What happens to the session is told by the query that waits for it, or by the next.
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (const deadline = performance.now() + patienceMs; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [
        lockKey('keyledger:owner'),
      ]);
      if (rows[0]?.ours) break;
      // An owner who has just come may still have to make the database.
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

/** Whether the server was stopped, or is being stopped: 57P01 admin_shutdown, 57P03 cannot_connect_now; or has gone. */
const isGone = (error: unknown): boolean => {
  const { code, message } = error as Error & { readonly code?: string };
  return (
    ['57P01', '57P03', 'ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code ?? '') ||
    (code === undefined && /Connection terminated|not queryable/.test(message))
  );
};

const createDatabase = async (client: pg.Client): Promise<void> => {
  if (!(await hasDatabase(client))) await client.query(`create database ${NAME}`);
};

const hasDatabase = async (client: pg.Client): Promise<boolean> => {
  const { rows } = await client.query('select from pg_database where datname = $1', [NAME]);
  return rows.length > 0;
};
