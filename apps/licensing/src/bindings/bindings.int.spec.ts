import { createHash } from 'node:crypto';
import pg from 'pg';
import { eventually, type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';

type Fields = Record<string, unknown>;
const SERVICES = [gatewayService, licensingService];

describe('bindings and limits of activations', () => {
  let app: TestApp;
  let pool: pg.Pool;
  const products: Record<string, unknown> = {};
  let count = 0;

  const issue = async (over: Fields = {}, type = 'desktop'): Promise<Fields> => {
    const slug = `plan-${++count}`;
    const shape = { name: slug, slug, license_type: 'perpetual', license_model: 'standard', max_activations: 5 };
    const plan = await app.create('/admin/plans', { product_id: products[type], ...shape, ...over });
    expect(plan).toMatchObject(over);
    return app.create('/admin/licenses', {
      product_id: products[type],
      plan_id: plan['id'],
      email: `user${count}@example.com`,
    });
  };
  const ask = ({ license_key }: Fields, path: string, body: Fields = {}): Promise<Reply> =>
    app.call('POST', `/license/${path}`, { license_key, ...body }, { authorization: undefined });
  const code = async (license: Fields, body: Fields): Promise<unknown> =>
    (await ask(license, 'verify', body)).body['code'];
  const admin = (license: Fields, method: string, path: string): Promise<Reply> =>
    app.call(method, `/admin/licenses/${String(license['id'])}/${path}`);
  const typesOf = async (license: Fields): Promise<string[]> =>
    ((await admin(license, 'GET', 'events')).body.data as { type: string }[]).map(({ type }) => type);

  beforeAll(async () => {
    app = await startApp({ services: SERVICES });
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=licensing', max: 2 });
    for (const type of ['desktop', 'saas'])
      products[type] = (await app.create('/admin/products', { name: type, slug: type, type }))['id'];
  });
  afterAll(async () => {
    await pool.end();
    await app.close();
  });

  describe('one device', () => {
    it('is bound by the first activation, until an administrator removes the binding', async () => {
      const license = await issue({ fingerprint_lock: true });
      expect(await code(license, { identifier: 'a' })).toBe('NOT_ACTIVATED');
      expect((await ask(license, 'activate', { identifier: 'a' })).status).toBe(201);
      expect(await code(license, { identifier: 'a' })).toBe('VALID');
      expect(await ask(license, 'activate', { identifier: 'b' })).toMatchObject({
        status: 409,
        body: { code: 'FINGERPRINT_MISMATCH' },
      });
      const other = await ask(license, 'verify', { identifier: 'b' });
      expect(other.body).toMatchObject({ valid: false, code: 'FINGERPRINT_MISMATCH', token: null });
      const { body } = await admin(license, 'GET', 'bindings');
      expect(body).toEqual({
        fingerprint: { identifier_hash: expect.any(String) as string, bound_at: expect.any(String) as string },
        identity: null,
      });

      expect((await admin(license, 'DELETE', 'bindings/fingerprint?reason=new%20computer')).status).toBe(204);
      expect((await admin(license, 'GET', 'bindings')).body).toEqual({ fingerprint: null, identity: null });
      expect((await ask(license, 'activate', { identifier: 'b' })).status).toBe(201);
      expect(await code(license, { identifier: 'a' })).toBe('FINGERPRINT_MISMATCH');
      expect((await typesOf(license)).filter((type) => type.includes('bound'))).toEqual([
        'license.bound',
        'license.unbound',
        'license.bound',
      ]);
    });

    it('is bound by the first verification if the product has no activations, also in a race', async () => {
      const license = await issue({ fingerprint_lock: true }, 'saas');
      const devices = Array.from({ length: 20 }, (_, n) => `device${n}`);
      const codes = await Promise.all(devices.map((identifier) => code(license, { identifier })));
      expect(codes.filter((one) => one === 'VALID')).toHaveLength(1);
      expect(new Set(codes)).toEqual(new Set(['VALID', 'FINGERPRINT_MISMATCH']));
      const first = devices[codes.indexOf('VALID')];
      expect(await code(license, { identifier: first })).toBe('VALID');
      expect(await code(license, {})).toBe('FINGERPRINT_MISMATCH');
      expect((await typesOf(license)).filter((type) => type === 'license.bound')).toHaveLength(1);
    });
  });

  describe('one identity', () => {
    it('is required and bound, in any spelling', async () => {
      const license = await issue({ bound_identity: 'email' });
      expect(await ask(license, 'activate', { identifier: 'a' })).toMatchObject({
        status: 400,
        body: { code: 'IDENTITY_REQUIRED' },
      });
      const as = (identifier: string, identity: string): Promise<Reply> =>
        ask(license, 'activate', { identifier, identity });
      expect((await as('a', 'Ada@Example.com ')).status).toBe(201);
      expect((await as('b', 'ada@example.com')).status).toBe(201);
      expect((await as('c', 'grace@example.com')).body).toMatchObject({ code: 'IDENTITY_MISMATCH' });
      expect(await code(license, { identifier: 'a', identity: 'ada@example.com' })).toBe('VALID');
      expect(await code(license, { identifier: 'a', identity: 'grace@example.com' })).toBe('IDENTITY_MISMATCH');
      expect(await code(license, { identifier: 'a' })).toBe('IDENTITY_MISMATCH');
      expect((await admin(license, 'DELETE', 'bindings/identity')).status).toBe(204);
      expect(await code(license, { identifier: 'a', identity: 'grace@example.com' })).toBe('VALID');
      expect(await code(license, { identifier: 'a', identity: 'ada@example.com' })).toBe('IDENTITY_MISMATCH');
    });

    it('can be a public key with any line wrapping; no identity is stored in clear text', async () => {
      const license = await issue({ bound_identity: 'public_key' }, 'saas');
      const key = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
      expect(await code(license, { identity: key })).toBe('VALID');
      expect(await code(license, { identity: `${key.slice(0, 20)} ${key.slice(20)}` })).toBe('VALID');
      expect(await code(license, { identity: key.toLowerCase() })).toBe('IDENTITY_MISMATCH');
      const { rows } = await pool.query<{ data: string }>(`select data::text from events where type = 'license.bound'`);
      expect(rows.length).toBeGreaterThan(2);
      for (const { data } of rows) expect(data).not.toMatch(/MCow|example\.com/);
    });
  });

  it('customers list their activations and remove them remotely, within the limit of the plan', async () => {
    const license = await issue({ max_deactivations: 1, deactivation_period_days: 7 });
    for (const identifier of ['a', 'b', 'c'])
      expect((await ask(license, 'activate', { identifier, label: `my ${identifier}` })).status).toBe(201);
    await ask(license, 'verify', { identifier: 'b' });
    const { body } = await ask(license, 'activations');
    expect(body).toMatchObject({
      license_id: license['id'],
      max_activations: 5,
      data: [
        { label: 'my a', last_verified: null },
        { label: 'my b', last_verified: expect.any(String) as string },
        { label: 'my c' },
      ],
    });
    const [a, b] = body.data as { id: string; ip?: unknown }[];
    expect(a).not.toHaveProperty('ip');
    expect(await ask(license, 'activations/remove', { activation_id: a?.id })).toMatchObject({
      status: 200,
      body: { activation_id: a?.id, activations: 2 },
    });
    expect((await ask(license, 'activations/remove', { activation_id: a?.id })).body.code).toBe('ACTIVATION_NOT_FOUND');
    const over = { status: 409, body: { code: 'DEACTIVATION_LIMIT_REACHED', max: 1, current: 1 } };
    expect(await ask(license, 'activations/remove', { activation_id: b?.id })).toMatchObject(over);
    expect(await ask(license, 'deactivate', { identifier: 'b' })).toMatchObject(over);
    expect((await admin(license, 'DELETE', `activations/${b?.id}`)).status).toBe(204);
    expect((await ask({ license_key: 'NOT-A-KEY' }, 'activations')).body.code).toBe('LICENSE_NOT_FOUND');
  });

  it('releases a device that was not verified for a long time, and keeps a verified one', async () => {
    const license = await issue({ activation_ttl_days: 30 });
    const forever = await issue();
    for (const one of [license, forever])
      for (const identifier of ['quiet', 'seen', 'new'])
        expect((await ask(one, 'activate', { identifier })).status).toBe(201);
    for (const one of [license, forever]) expect(await code(one, { identifier: 'seen' })).toBe('VALID');
    const left = async (of: Fields): Promise<unknown[]> =>
      ((await admin(of, 'GET', 'activations')).body.data as Fields[]).map(({ identifier }) => identifier);
    await left(license);
    const hash = createHash('sha256').update('new').digest('base64url');
    await pool.query(`update activations set added_at = added_at - interval '31 days' where identifier_hash <> $1`, [
      hash,
    ]);
    // The leader checks once a minute, and immediately after it becomes leader. Ending its connection makes a new leader.
    await pool.query(
      `select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
       where l.locktype = 'advisory' and d.datname = current_database() and l.pid <> pg_backend_pid()`,
    );
    await eventually(async () => (await left(license)).length === 2);
    expect(await left(license)).toEqual(['seen', 'new']);
    expect(await left(forever)).toEqual(['quiet', 'seen', 'new']);
    expect(await code(license, { identifier: 'quiet' })).toBe('NOT_ACTIVATED');
    const { body } = await admin(license, 'GET', 'events');
    expect((body.data as Fields[]).at(-1)).toMatchObject({
      type: 'activation.removed',
      actor: { type: 'system' },
      data: { reason: 'operator', unseen: true },
    });
  });
});
