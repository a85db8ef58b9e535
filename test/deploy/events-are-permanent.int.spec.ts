import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

const services = [gatewayService, licensingService, webhooksService];

/** A database with two roles: `owner` may create schemas, `worker` may only connect. */
const twoRoles = async (): Promise<{
  database: TestDatabase;
  owner: string;
  worker: string;
  remove: () => Promise<void>;
}> => {
  const database = await freshDatabase();
  const suffix = randomBytes(4).toString('hex');
  const roles = [`owner_${suffix}`, `worker_${suffix}`];
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const name = new URL(database.url).pathname.slice(1);
  for (const role of roles) await admin.query(`create role ${role} login`);
  await admin.query(`grant create on database ${name} to ${roles[0]}`);
  const [owner = '', worker = ''] = roles.map((role) => {
    const url = new URL(database.url);
    url.username = role;
    return url.href;
  });
  return {
    database,
    owner,
    worker,
    remove: async () => {
      await admin.query(`drop owned by ${roles.join(', ')} cascade`);
      await admin.query(`drop role ${roles.join(', ')}`);
      await admin.end();
      await database.drop();
    },
  };
};

describe('a service whose role does not own its tables', () => {
  let roles: Awaited<ReturnType<typeof twoRoles>>;
  let app: TestApp;
  let worker: pg.Client;
  let license: { id: string; license_key: string };

  beforeAll(async () => {
    roles = await twoRoles();
    const env = { KEYLEDGER_MIGRATION_DATABASE_URL: roles.owner };
    // Twice, since a second start must find everything in place.
    await (await startApp({ services, databaseUrl: roles.worker, env })).close();
    app = await startApp({ services, databaseUrl: roles.worker, env });
    worker = new pg.Client({ connectionString: roles.worker, options: '-c search_path=licensing' });
    await worker.connect();
  });
  afterAll(async () => {
    await worker.end();
    await app.close();
    await roles.remove();
  });

  it('does all its work', async () => {
    const product = await app.call('POST', '/admin/products', { name: 'Acme', slug: 'acme', type: 'desktop' });
    const plan = await app.call('POST', '/admin/plans', {
      product_id: product.body.id,
      name: 'Pro',
      slug: 'pro',
      license_type: 'perpetual',
      license_model: 'standard',
      max_activations: 2,
    });
    const issued = await app.call(
      'POST',
      '/admin/licenses',
      { product_id: product.body.id, plan_id: plan.body.id, email: 'ada@example.com' },
      { 'idempotency-key': 'once' },
    );
    expect([product.status, plan.status, issued.status]).toEqual([201, 201, 201]);
    license = issued.body as typeof license;
    const asked = { license_key: license.license_key, identifier: 'device-1' };
    expect((await app.call('POST', '/license/activate', asked)).status).toBe(201);
    expect((await app.call('POST', '/license/verify', asked)).body).toMatchObject({ valid: true });
    const hook = { product_id: product.body.id, url: 'https://example.com/', events: ['*'] };
    expect((await app.call('POST', '/admin/webhooks', hook)).status).toBe(201);
  });

  it.each([
    'update events set version = version',
    'delete from events',
    'truncate events',
    'alter table events disable trigger events_are_permanent',
    'drop trigger events_are_permanent on events',
    'create or replace function refuse_to_change_the_past() returns trigger language plpgsql as $$ begin return null; end $$',
    'drop table events cascade',
    'drop schema licensing cascade',
    'alter table events owner to current_user',
    'grant update on events to current_user',
    `set session_replication_role = 'replica'`,
  ])('is refused by the database: %s', async (sql) => {
    const before = await worker.query<{ count: string }>('select count(*) from events');
    await worker.query('begin');
    const refusal = await worker
      .query(sql)
      .then(
        // PostgreSQL does not grant anything for a role without the grant option; it only prints a warning.
        () => worker.query('update events set version = version'),
      )
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    await worker.query('rollback');
    expect(refusal).toMatchObject({ code: '42501', message: expect.stringMatching(/permission denied|must be owner/) });
    expect(await worker.query('select count(*) from events')).toMatchObject({ rows: before.rows });
    expect(Number(before.rows[0]?.count)).toBeGreaterThan(0);
  });

  it('does not start when the owner connects under two names', async () => {
    const env = { KEYLEDGER_MIGRATION_DATABASE_URL: roles.worker };
    await expect(startApp({ services, databaseUrl: roles.worker, env })).rejects.toThrow(
      /are both of the role worker_/,
    );
  });
});

describe('a service that owns its tables', () => {
  it.each(['update events set version = version', 'delete from events', 'truncate events'])(
    'is refused by the trigger: %s',
    async (sql) => {
      const { database, owner, remove } = await twoRoles();
      expect(database.url).not.toBe(owner);
      const app = await startApp({ services, databaseUrl: owner });
      const client = new pg.Client({ connectionString: owner, options: '-c search_path=gateway' });
      try {
        await client.connect();
        await expect(client.query(sql)).rejects.toMatchObject({
          code: '42501',
          message: 'events are never changed or removed',
        });
      } finally {
        await client.end();
        await app.close();
        await remove();
      }
    },
  );
});
