import pg from 'pg';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { type Reply, startApp, type TestApp } from '../support/app.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

type Fields = Record<string, unknown>;

const env = { KEYLEDGER_TEST_CLOCK: 'on', KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8' };
const MODULES = [gatewayService, licensingService, webhooksService];
let count = 0;

const issue = async (app: TestApp, terms: Fields, over: Fields = {}): Promise<Fields> => {
  const slug = `slug-${++count}`;
  const product = await app.create('/admin/products', { name: slug, slug, type: 'saas' });
  const product_id = product['id'];
  const shape = { product_id, name: slug, slug, license_model: 'standard' };
  const plan = await app.create('/admin/plans', { ...shape, ...terms });
  return app.create('/admin/licenses', { product_id, plan_id: plan['id'], email: `${slug}@example.com`, ...over });
};
const monthly = { license_type: 'subscription', billing_interval: 'month', grace_days: 7 };
const statusOf = async (app: TestApp, { id }: Fields): Promise<unknown> =>
  ((await app.call('GET', `/admin/licenses/${String(id)}`)).body as Fields)['status'];
const codeOf = async (app: TestApp, { license_key }: Fields): Promise<unknown> =>
  ((await app.call('POST', '/license/verify', { license_key })).body as Fields)['code'];
const typesOf = async (app: TestApp, { id }: Fields): Promise<unknown[]> =>
  ((await app.call('GET', `/admin/licenses/${String(id)}/events`)).body as { data: Fields[] }).data.map(
    ({ type }) => type,
  );
const move = (app: TestApp, body: Fields): Promise<Reply> => app.call('POST', '/admin/test-clock', body);
const nowOf = async (app: TestApp): Promise<Date> =>
  new Date(String(((await app.call('GET', '/admin/test-clock')).body as Fields)['now']));

describe('the test clock of one process', () => {
  let database: TestDatabase;
  let app: TestApp;
  const start = (): Promise<TestApp> => startApp({ services: MODULES, env, databaseUrl: database.url });
  beforeAll(async () => {
    database = await freshDatabase();
    app = await start();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('is real time until it is moved', async () => {
    const before = Date.now();
    const now = (await nowOf(app)).getTime();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('leads a trial to its end, and a subscription into grace and out of it', async () => {
    const trial = await issue(app, { license_type: 'trial', trial_days: 14, grace_days: 0 });
    const license = await issue(app, monthly);
    const perpetual = await issue(app, { license_type: 'perpetual' });
    expect(await codeOf(app, trial)).toBe('VALID');

    const moved = await move(app, { advance: 'P1M' });
    expect(moved.status).toBe(200);
    // The work is complete when the answer arrives, so the test does not wait.
    expect(await statusOf(app, trial)).toBe('expired');
    expect(await codeOf(app, trial)).toBe('TRIAL_EXPIRED');
    expect(await codeOf(app, license)).toBe('PAST_DUE_GRACE');

    expect((await move(app, { advance: 'P7D' })).status).toBe(200);
    expect(await statusOf(app, license)).toBe('expired');
    expect(await typesOf(app, license)).toContain('license.expired');
    expect(await statusOf(app, perpetual)).toBe('active');
  });

  it('waits until webhooks have taken in the events that it caused', async () => {
    const license = await issue(app, { license_type: 'trial', trial_days: 1, grace_days: 0 });
    const hook = { url: 'http://127.0.0.1:9/', events: ['license.expired'] };
    const { id } = await app.create('/admin/webhooks', hook);
    await move(app, { advance: 'P2D' });
    const { body } = await app.call('GET', `/admin/webhooks/${String(id)}/deliveries`);
    expect(JSON.stringify(body)).toContain('license.expired');
    expect(await statusOf(app, license)).toBe('expired');
  });

  it('stands still between two moves, and accepts the same time again', async () => {
    const { body } = await move(app, { advance: 'PT1H' });
    const to = String((body as Fields)['now']);
    expect((await nowOf(app)).toISOString()).toBe(to);
    expect(await move(app, { to })).toMatchObject({ status: 200, body: { now: to } });
  });

  it('moves forward only', async () => {
    const now = await nowOf(app);
    const to = new Date(now.getTime() - 1).toISOString();
    expect(await move(app, { to })).toMatchObject({
      status: 409,
      body: { code: 'TEST_CLOCK_BACKWARDS', now: now.toISOString() },
    });
    for (const body of [{ advance: '-P1D' }, { advance: 'a month' }, { advance: 'P9000Y' }, {}, { to, advance: 'P1D' }])
      expect(await move(app, body)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect(await nowOf(app)).toEqual(now);
  });

  it('requires a system-wide key with all permissions', async () => {
    const product = await app.create('/admin/products', { name: 'Mine', slug: 'mine', type: 'saas' });
    const bound = await app.create('/admin/api-keys', { name: 'bound', scopes: ['admin'], product_id: product['id'] });
    const weak = await app.create('/admin/api-keys', { name: 'weak', scopes: ['licenses:write'] });
    for (const { key } of [bound, weak]) {
      const headers = { authorization: `Bearer ${String(key)}` };
      for (const [method, body] of [['GET'], ['POST', { advance: 'P1D' }]] as const)
        expect(await app.call(method, '/admin/test-clock', body, headers)).toMatchObject({ status: 403 });
    }
  });

  it('is shown by /readyz', async () => {
    const ready = (await (await fetch(`${app.url}/readyz`)).json()) as Fields;
    expect(ready).toMatchObject({ status: 'ok', test_clock: { now: (await nowOf(app)).toISOString() } });
  });

  it('survives a restart, and all instances follow it before the answer', async () => {
    const license = await issue(app, monthly);
    const before = await nowOf(app);
    await app.close();
    app = await start();
    expect(await nowOf(app)).toEqual(before);

    // The instance that started first leads the background work; the test asks the other one.
    const follower = await start();
    try {
      expect((await move(follower, { advance: 'P1M3D' })).status).toBe(200);
      for (const instance of [app, follower]) {
        expect((await nowOf(instance)).getTime()).toBeGreaterThan(before.getTime());
        expect(await codeOf(instance, license)).toBe('PAST_DUE_GRACE');
      }
      expect((await move(follower, { advance: 'P1M' })).status).toBe(200);
      expect(await statusOf(app, license)).toBe('expired');
    } finally {
      await follower.close();
    }
  });
});

describe('the test clock of a cluster', () => {
  let licensing: TestApp;
  let gateway: TestApp;
  beforeAll(async () => {
    licensing = await startApp({ services: [licensingService], env });
    gateway = await startApp({
      services: [gatewayService],
      product: [gatewayService, licensingService],
      env: { ...env, KEYLEDGER_LICENSING_URL: licensing.url },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await licensing.close();
  });

  it('is moved in every service through the gateway', async () => {
    const license = await issue(gateway, monthly);
    expect((await move(gateway, { advance: 'P1M' })).status).toBe(200);
    expect(await codeOf(gateway, license)).toBe('PAST_DUE_GRACE');
    expect((await move(gateway, { advance: 'P7D' })).status).toBe(200);
    expect(await statusOf(gateway, license)).toBe('expired');
    const ready = (await (await fetch(`${licensing.url}/readyz`)).json()) as Fields;
    expect(ready['test_clock']).toEqual({ now: (await nowOf(gateway)).toISOString() });
  });

  it('cannot be moved past the gateway', async () => {
    const path = `${licensing.url}/internal/test-clock/licensing`;
    expect((await fetch(path)).status).toBe(401);
    expect((await fetch(path, { method: 'POST' })).status).toBe(401);
  });

  it('needs the setting in every service', async () => {
    const real = await startApp({ services: [licensingService] });
    const door = await startApp({
      services: [gatewayService],
      product: [gatewayService, licensingService],
      env: { ...env, KEYLEDGER_LICENSING_URL: real.url },
    });
    try {
      expect(await move(door, { advance: 'P1D' })).toMatchObject({
        status: 503,
        body: { code: 'TEST_CLOCK_BEHIND', detail: expect.stringContaining('licensing') },
      });
    } finally {
      await door.close();
      await real.close();
    }
  });
});

describe('without the setting', () => {
  it('there is no test clock', async () => {
    const app = await startApp({ services: [gatewayService] });
    const pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=gateway', max: 1 });
    try {
      expect(await app.call('GET', '/admin/test-clock')).toMatchObject({ status: 404 });
      expect(await move(app, { advance: 'P1D' })).toMatchObject({ status: 404 });
      // A position stored while the setting was on no longer applies.
      await pool.query(`insert into test_clock (now, request) values (now() + interval '1 year', 1)`);
      expect(await (await fetch(`${app.url}/readyz`)).json()).not.toHaveProperty('test_clock');
    } finally {
      await pool.end();
      await app.close();
    }
  });
});
