import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A database of one test. */
export interface TestDatabase {
  readonly url: string;
  /** For pools like those of services. */
  readonly config: pg.PoolConfig;
  /** Removes the database and any sessions that do not end by themselves. */
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

/** How long `drop` waits for sessions that are closing, in milliseconds; then it ends them. */
const CLOSING_MS = 2_000;

/**
 * Waits for open sessions: a pool reports its end before its sessions end, and a session that is cut off would fail the next
 * test.
 */
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
  if (url === undefined) throw new Error('no PostgreSQL for tests: name the suite *.int.spec.ts or *.proc.spec.ts');
  return url;
};

const urlOf = (name: string): string => serverUrl().replace('/postgres?', `/${name}?`);

const create = (client: pg.Client, name: string, template: string): Promise<unknown> =>
  client.query(`create database ${name} template ${template} strategy file_copy`);

/** Makes an empty database, or a copy of a template. */
export const freshDatabase = async ({ template = 'template1' }: { template?: string } = {}): Promise<TestDatabase> => {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer((client) => create(client, name, template));
  const url = urlOf(name);
  return { url, config: { connectionString: url, pipeline: true }, drop: () => drop(name) };
};

/**
 * Creates the template database of this key, unless a suite of this run has created it: a copy takes some 20 ms, however many
 * migrations are in it.
 *
 * @param key identifies everything that `fill` depends on
 * @param fill writes into an empty database, and leaves no session open in it
 * @returns the name of the template
 */
export const templateDatabase = (key: string, fill: (url: string) => Promise<void>): Promise<string> =>
  administer(async (client) => {
    const hash = createHash('sha256').update(key).digest();
    const name = `template_${hash.toString('hex', 0, 8)}`;
    const exists = async (): Promise<boolean> =>
      (await client.query('select from pg_database where datname = $1', [name])).rowCount === 1;
    if (await exists()) return name;
    // One worker creates the template while the others wait. The lock ends with the session.
    await client.query('select pg_advisory_lock($1)', [hash.readBigInt64BE(0).toString()]);
    if (await exists()) return name;
    const draft = `${name}_${randomBytes(4).toString('hex')}`;
    await create(client, draft, 'template1');
    await fill(urlOf(draft));
    await client.query(`alter database ${draft} rename to ${name}`);
    return name;
  });
