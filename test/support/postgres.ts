import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** An empty database of a test's own. */
export interface TestDatabase {
  readonly url: string;
  readonly config: pg.PoolConfig;
  /** Ends every session in it and removes it. */
  drop(): Promise<void>;
}

const administer = async (sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

const serverUrl = (): string => {
  const url = process.env['KEYLEDGER_TEST_POSTGRES'];
  if (url === undefined) throw new Error('no PostgreSQL for tests: run the suite of the project "services"');
  return url;
};

export const freshDatabase = async ({ template = 'template1' }: { template?: string } = {}): Promise<TestDatabase> => {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`create database ${name} template ${template} strategy file_copy`);
  const url = serverUrl().replace('/postgres?', `/${name}?`);
  return {
    url,
    config: { connectionString: url },
    drop: () => administer(`drop database if exists ${name} with (force)`),
  };
};
