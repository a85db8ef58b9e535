import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** An empty database of a test's own. */
export interface TestDatabase {
  readonly url: string;
  /** For pools as services have them. */
  readonly config: pg.PoolConfig;
  /** Removes it, with the sessions in it that do not end by themselves. */
  drop(): Promise<void>;
}

const administer = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** How long sessions that are closing are waited for, in milliseconds; then they are ended. */
const CLOSING_MS = 2_000;

/** A pool's promise of an end is kept before its sessions have gone, and one that is cut off then fails the test that is next. */
const drop = (name: string): Promise<void> =>
  administer(async (client) => {
    for (const deadline = Date.now() + CLOSING_MS; Date.now() < deadline; await sleep(10)) {
      const { rowCount } = await client.query('select from pg_stat_activity where datname = $1', [name]);
      if (rowCount === 0) break;
    }
    await client.query(`drop database if exists ${name} with (force)`);
  });

const serverUrl = (): string => {
  const url = process.env['KEYLEDGER_TEST_POSTGRES'];
  if (url === undefined) throw new Error('no PostgreSQL for tests: run the suite of the project "services"');
  return url;
};

export const freshDatabase = async ({ template = 'template1' }: { template?: string } = {}): Promise<TestDatabase> => {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer((client) => client.query(`create database ${name} template ${template} strategy file_copy`));
  const url = serverUrl().replace('/postgres?', `/${name}?`);
  return {
    url,
    config: { connectionString: url, pipeline: true },
    drop: () => drop(name),
  };
};
