import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startPostgres } from '../../apps/keyledger/src/postgres/embedded.ts';
import { prepareRoles } from '../../tools/cluster/roles.mjs';

const KEY = new Uint8Array(32).fill(7);

const ask = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

describe('the roles of a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-roles-'));
  const home = join(folder, 'postgres');
  let postgres: EmbeddedPostgres;
  beforeAll(async () => {
    postgres = await startPostgres(home, 'fsync = off\n');
    await ask(postgres.url, 'create database shared');
  });
  afterAll(async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('take ownership of objects from a service, and keep their content', async () => {
    const shared = postgres.urlOf('shared');
    await ask(shared, 'create role keyledger_licensing login');
    await ask(shared, 'create schema licensing authorization keyledger_licensing');
    await ask(shared, 'create table licensing.events as select 1 as position');
    await ask(shared, 'alter table licensing.events owner to keyledger_licensing');
    // A second start of the cluster changes nothing.
    await prepareRoles(shared, home, KEY, ['licensing', 'billing']);
    const addresses = await prepareRoles(shared, home, KEY, ['licensing', 'billing']);
    const { work = '', migration = '' } = addresses.get('licensing') ?? {};
    expect(await ask(migration, 'select * from licensing.events')).toEqual([{ position: 1 }]);
    await expect(ask(work, 'select * from licensing.events')).rejects.toThrow(/permission denied/);
    await expect(ask(migration, 'create table billing.theirs (n int)')).rejects.toThrow(/permission denied/);
    const owners = `select nspname, nspowner::regrole::text as owner from pg_namespace where nspname in ('licensing', 'billing') order by 1`;
    expect(await ask(shared, owners)).toEqual([
      { nspname: 'billing', owner: 'keyledger_billing_owner' },
      { nspname: 'licensing', owner: 'keyledger_licensing_owner' },
    ]);
  });
});
