import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { ADMIN_KEY, eventually, type Reply, startApp, type TestApp } from '../../../test/support/app.ts';
import { GatewayModule } from '../../gateway/src/gateway.module.ts';
import { LicensingModule } from './licensing.module.ts';

type Fields = Record<string, unknown>;

describe('licensing over HTTP', () => {
  let app: TestApp;
  let product: Fields;
  let plan: Fields;
  let count = 0;

  const newPlan = (over: Fields = {}): Promise<Fields> =>
    app.create('/admin/plans', {
      product_id: product['id'],
      name: 'Plan',
      slug: `plan-${++count}`,
      license_type: 'perpetual',
      license_model: 'standard',
      ...over,
    });
  const issue = (over: Fields = {}): Promise<Fields> =>
    app.create('/admin/licenses', {
      product_id: product['id'],
      plan_id: plan['id'],
      email: `user${++count}@example.com`,
      ...over,
    });
  /** As an app calls: with nothing but the licence key. */
  const ask = (path: string, body: Fields, of: TestApp = app): Promise<Reply> =>
    of.call('POST', `/license/${path}`, body, { authorization: undefined });
  const activate = (license: Fields, identifier: string, of: TestApp = app): Promise<Reply> =>
    ask('activate', { license_key: license['license_key'], identifier }, of);
  const verify = async (license: Fields, over: Fields = {}): Promise<Fields> => {
    const reply = await ask('verify', { license_key: license['license_key'], identifier: 'device', ...over });
    expect(reply.status).toBe(200);
    return reply.body as Fields;
  };
  const admin = (license: Fields, action: string, body: Fields = {}): Promise<Reply> =>
    app.call('POST', `/admin/licenses/${String(license['id'])}/${action}`, body);

  beforeAll(async () => {
    app = await startApp({ modules: [GatewayModule, LicensingModule] });
    product = await app.create('/admin/products', {
      name: 'Studio',
      slug: 'studio',
      type: 'desktop',
      key_prefix: 'ACME',
    });
    plan = await newPlan({ max_activations: 5 });
  });
  afterAll(() => app.close());

  describe('products and plans', () => {
    it('are read back as they were made, with ETags that guard changes', async () => {
      const read = await app.call('GET', `/admin/products/${String(product['id'])}`);
      expect(read.body).toEqual(product);
      const changed = await app.call(
        'PATCH',
        `/admin/products/${String(product['id'])}`,
        { name: 'Studio 2' },
        { 'if-match': '"1"' },
      );
      expect(changed).toMatchObject({ status: 200, body: { name: 'Studio 2' } });
      expect(changed.headers['etag']).toBe('"2"');
      const stale = await app.call(
        'PATCH',
        `/admin/products/${String(product['id'])}`,
        { name: 'x' },
        { 'if-match': '"1"' },
      );
      expect(stale).toMatchObject({ status: 412, body: { code: 'PRECONDITION_FAILED' } });
    });

    it('keep slugs apart, also when two are made at once', async () => {
      const body = { name: 'Twin', slug: 'twin', type: 'saas' };
      const twins = await Promise.all([
        app.call('POST', '/admin/products', body),
        app.call('POST', '/admin/products', body),
      ]);
      expect(twins.map(({ status }) => status).sort()).toEqual([201, 409]);
      expect(twins.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'SLUG_TAKEN' });
    });

    it('have documented defaults, and keep 0 and null as they were sent', async () => {
      expect(await newPlan()).toMatchObject({
        max_activations: 3,
        max_seats: 1,
        trial_days: 0,
        grace_days: 7,
        floating_timeout: 30,
        active: true,
        sort_order: 0,
      });
      expect(await newPlan({ max_activations: 0, max_seats: null, grace_days: 0 })).toMatchObject({
        max_activations: 0,
        max_seats: null,
        grace_days: 0,
      });
      const none = await newPlan({ max_activations: 0 });
      const license = await issue({ plan_id: none['id'] });
      expect(await activate(license, 'device')).toMatchObject({
        status: 409,
        body: { code: 'ACTIVATION_LIMIT_REACHED', max: 0, current: 0 },
      });
    });
  });

  describe('a licence', () => {
    it('shows its key when it is issued and when it is revealed, which is written down; nowhere else', async () => {
      const license = await issue({ metadata: { seat: 7, none: null } });
      expect(license['license_key']).toMatch(/^ACME-[0-9A-Z-]+/);
      const { license_key, ...rest } = license;
      const path = `/admin/licenses/${String(license['id'])}`;
      expect((await app.call('GET', path)).body).toEqual(rest);
      expect((await app.call('GET', '/admin/licenses?limit=1')).body).toMatchObject({ data: [rest] });
      expect((await admin(license, 'reveal-key')).body).toEqual({ license_key });
      const history = (await app.call('GET', `${path}/events`)).body as { data: Fields[] };
      expect(history.data.map(({ type }) => type)).toEqual(['license.created', 'license.key_revealed']);
      expect(JSON.stringify(history)).not.toContain('key_hash');
      expect(history.data[0]).toMatchObject({ subject: license['id'], version: 1, actor: { type: 'api_key' } });
    });

    it('is found by each filter and by what stands in it', async () => {
      const license = await issue({ email: 'Grace@Example.com', org_name: 'Navy', external_customer_id: 'crm-42' });
      const found = async (query: string): Promise<unknown[]> =>
        ((await app.call('GET', `/admin/licenses?${query}`)).body as { data: Fields[] }).data.map(({ id }) => id);
      for (const query of [
        'email=grace@example.com',
        'external_customer_id=crm-42',
        'q=navy',
        `q=${String(license['id'])}`,
      ]) {
        expect(await found(query)).toEqual([license['id']]);
      }
      expect(await found(`plan_id=${String(plan['id'])}&status=active&email=grace@example.com`)).toEqual([
        license['id'],
      ]);
      expect(await found('status=revoked&email=grace@example.com')).toEqual([]);
    });

    it('is paged through without gaps or repeats', async () => {
      const paged = await newPlan();
      const issued = await Promise.all(Array.from({ length: 7 }, () => issue({ plan_id: paged['id'] })));
      const seen: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Reply = await app.call(
          'GET',
          `/admin/licenses?plan_id=${String(paged['id'])}&limit=3${cursor && `&cursor=${cursor}`}`,
        );
        const { data, next_cursor } = page.body as { data: Fields[]; next_cursor: string | null };
        seen.push(...data.map(({ id }) => id));
        cursor = next_cursor;
      }
      expect(seen).toEqual(
        issued
          .map(({ id }) => id)
          .sort()
          .reverse(),
      );
      expect(await app.call('GET', '/admin/licenses?cursor=nonsense')).toMatchObject({
        status: 400,
        body: { code: 'INVALID_CURSOR' },
      });
    });

    it('merges metadata by RFC 7396', async () => {
      const license = await issue({ metadata: { a: 1, b: { c: 1, d: 2 }, e: null } });
      const path = `/admin/licenses/${String(license['id'])}`;
      const patched = await app.call('PATCH', path, {
        metadata: { a: null, b: { c: 3 }, f: [1] },
        notes: 'line\nline',
      });
      expect(patched.body).toMatchObject({ metadata: { b: { c: 3, d: 2 }, e: null, f: [1] }, notes: 'line\nline' });
      expect((await app.call('GET', path)).body).toEqual(patched.body);
    });

    it('is read as it was', async () => {
      const license = await issue();
      const before = new Date().toISOString();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await admin(license, 'suspend', { reason: 'chargeback' });
      const path = `/admin/licenses/${String(license['id'])}`;
      expect((await app.call('GET', `${path}?as_of=${before}`)).body).toMatchObject({ status: 'active' });
      expect((await app.call('GET', path)).body).toMatchObject({ status: 'suspended' });
      expect((await app.call('GET', `${path}?as_of=2020-01-01T00:00:00.000Z`)).status).toBe(404);
    });

    it('is issued once for one Idempotency-Key, and the answer is the same to the byte', async () => {
      const body = { product_id: product['id'], plan_id: plan['id'], email: 'once@example.com' };
      const headers = { 'idempotency-key': 'order-1' };
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => app.call('POST', '/admin/licenses', body, headers)),
      );
      expect(replies.every(({ status }) => status === 201 || status === 409)).toBe(true);
      const first = await app.call('POST', '/admin/licenses', body, headers);
      expect(first).toMatchObject({ status: 201, headers: { 'idempotent-replayed': 'true' } });
      for (const { status, body: answer } of replies) if (status === 201) expect(answer).toEqual(first.body);
      const listed = (await app.call('GET', '/admin/licenses?email=once@example.com')).body as { data: unknown[] };
      expect(listed.data).toHaveLength(1);
      const reused = await app.call('POST', '/admin/licenses', { ...body, email: 'twice@example.com' }, headers);
      expect(reused).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    });

    it('expires by itself when its time has come, with events', async () => {
      const strict = await newPlan({ license_type: 'subscription', billing_interval: 'month', grace_days: 0 });
      const license = await issue({ plan_id: strict['id'], valid_until: new Date(Date.now() + 700).toISOString() });
      expect(await verify(license, { identifier: 'x' })).toMatchObject({ code: 'NOT_ACTIVATED' });
      const path = `/admin/licenses/${String(license['id'])}`;
      await eventually(async () => ((await app.call('GET', path)).body as Fields)['status'] === 'expired');
      expect(await verify(license)).toMatchObject({ valid: false, code: 'EXPIRED', token: null });
      const { data } = (await app.call('GET', `${path}/events`)).body as { data: Fields[] };
      expect(data.at(-1)).toMatchObject({ type: 'license.expired', actor: { type: 'system', id: 'scheduler' } });
      expect(await admin(license, 'renew')).toMatchObject({ status: 200, body: { status: 'active' } });
    });
  });

  describe('activation', () => {
    it('takes a place once a device, and tells the second time that it had one', async () => {
      const license = await issue();
      const [one, two] = [await activate(license, 'café'), await activate(license, ' cafe\u0301 ')];
      expect([one.status, two.status]).toEqual([201, 200]);
      expect((one.body as Fields)['activation_id']).toBe((two.body as Fields)['activation_id']);
    });

    it('reads a key however it is typed', async () => {
      const license = await issue();
      const typed = String(license['license_key'])
        .toLowerCase()
        .replaceAll('-', ' ')
        .replaceAll('0', 'o')
        .replaceAll('1', 'l');
      expect(await ask('activate', { license_key: typed, identifier: 'device' })).toMatchObject({ status: 201 });
    });

    it('gives a lease that any JOSE library verifies, bound to the device', async () => {
      const license = await issue();
      const { token } = (await activate(license, 'device')).body as { token: string };
      const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        algorithms: ['EdDSA'],
        typ: 'lease+jwt',
        audience: String(product['id']),
      });
      expect(payload).toMatchObject({
        sub: license['id'],
        status: 'active',
        iss: app.config.public_url,
        license_version: 2,
      });
      expect(payload['fingerprint_hash']).toMatch(/^[\w-]{43}$/);
      expect(Number(payload.exp) - Number(payload.iat)).toBe(7 * 24 * 3600);
      expect(protectedHeader.kid).toMatch(/^[\w-]{43}$/);
      const jwks = await app.call('GET', '/.well-known/jwks.json');
      expect(jwks.headers['cache-control']).toBe('public, max-age=300');
      expect((await app.call('GET', '/.well-known/keyledger.pem')).body).toContain('BEGIN PUBLIC KEY');
    });

    it('never gives a lease beyond the licence and its grace', async () => {
      const strict = await newPlan({ grace_days: 1 });
      const valid_until = new Date(Date.now() + 3_600_000).toISOString();
      const license = await issue({ plan_id: strict['id'], valid_until });
      const { token } = (await activate(license, 'device')).body as { token: string };
      expect(decodeJwt(token).exp).toBe(Math.floor(Date.parse(valid_until) / 1000) + 86_400);
    });

    it('holds the limit against 200 callers at two instances, and keeps it over a restart', async () => {
      const license = await issue();
      const other = await startApp({ modules: [GatewayModule, LicensingModule], databaseUrl: app.databaseUrl });
      try {
        const replies = await Promise.all(
          Array.from({ length: 200 }, (_, n) => activate(license, `device ${n}`, n % 2 === 0 ? app : other)),
        );
        expect(replies.filter(({ status }) => status === 201)).toHaveLength(5);
        for (const { status, body } of replies)
          if (status !== 201) expect([status, (body as Fields)['code']]).toEqual([409, 'ACTIVATION_LIMIT_REACHED']);
      } finally {
        await other.close();
      }
      const again = await startApp({ modules: [GatewayModule, LicensingModule], databaseUrl: app.databaseUrl });
      try {
        expect(await activate(license, 'one more', again)).toMatchObject({ status: 409 });
      } finally {
        await again.close();
      }
      const path = `/admin/licenses/${String(license['id'])}/activations`;
      expect(((await app.call('GET', path)).body as { data: unknown[] }).data).toHaveLength(5);
    });

    it('is one activation when one device asks 50 times at once', async () => {
      const license = await issue();
      const replies = await Promise.all(Array.from({ length: 50 }, () => activate(license, 'device')));
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(49);
    });

    it('gives places back, to the app and to the operator', async () => {
      const single = await newPlan({ max_activations: 1 });
      const license = await issue({ plan_id: single['id'] });
      await activate(license, 'one');
      expect(await ask('deactivate', { license_key: license['license_key'], identifier: 'one' })).toMatchObject({
        status: 200,
        body: { activations: 0 },
      });
      expect(await ask('deactivate', { license_key: license['license_key'], identifier: 'one' })).toMatchObject({
        status: 404,
        body: { code: 'ACTIVATION_NOT_FOUND' },
      });
      const { activation_id } = (await activate(license, 'two')).body as Fields;
      const path = `/admin/licenses/${String(license['id'])}/activations/${String(activation_id)}`;
      expect((await app.call('DELETE', path)).status).toBe(204);
      expect((await app.call('DELETE', path)).status).toBe(404);
      expect((await activate(license, 'three')).status).toBe(201);
    });

    it('is refused with the reason', async () => {
      const license = await issue();
      expect(await ask('activate', { license_key: 'ACME-NOBODY', identifier: 'x' })).toMatchObject({
        status: 404,
        body: { code: 'LICENSE_NOT_FOUND' },
      });
      await admin(license, 'suspend');
      expect(await activate(license, 'x')).toMatchObject({ status: 409, body: { code: 'LICENSE_SUSPENDED' } });
      await admin(license, 'revoke');
      expect(await activate(license, 'x')).toMatchObject({ status: 409, body: { code: 'LICENSE_REVOKED' } });
    });
  });

  describe('verification', () => {
    it('follows the licence at once', async () => {
      const license = await issue();
      await activate(license, 'device');
      expect(await verify(license)).toMatchObject({
        valid: true,
        code: 'VALID',
        license: { id: license['id'], plan: plan['slug'] },
      });
      await admin(license, 'suspend');
      expect(await verify(license)).toMatchObject({ valid: false, code: 'SUSPENDED', token: null });
      await admin(license, 'reinstate');
      expect(await verify(license)).toMatchObject({ valid: true });
      await app.call('PATCH', `/admin/plans/${String(plan['id'])}`, { max_activations: 0 });
      expect(await verify(license)).toMatchObject({ code: 'TOO_MANY_ACTIVATIONS' });
      await app.call('PATCH', `/admin/plans/${String(plan['id'])}`, { max_activations: 5 });
      await admin(license, 'revoke');
      expect(await verify(license)).toMatchObject({ code: 'REVOKED' });
    });

    it('follows what another instance did, within a second', async () => {
      const other = await startApp({ modules: [GatewayModule, LicensingModule], databaseUrl: app.databaseUrl });
      try {
        const license = await issue();
        await activate(license, 'device');
        const there = async (): Promise<unknown> =>
          ((await ask('verify', { license_key: license['license_key'], identifier: 'device' }, other)).body as Fields)[
            'code'
          ];
        expect(await there()).toBe('VALID');
        await admin(license, 'suspend');
        await eventually(async () => (await there()) === 'SUSPENDED', 1_000);
      } finally {
        await other.close();
      }
    });

    it('hands the same lease out again until something changes', async () => {
      const license = await issue();
      await activate(license, 'device');
      const [one, two] = [await verify(license), await verify(license)];
      expect(one['token']).toBe(two['token']);
      await activate(license, 'another');
      expect((await verify(license))['token']).not.toBe(one['token']);
    });

    it('answers unknown and forged keys with 200 and the reason', async () => {
      expect(await verify({ license_key: 'ACME-00000' })).toEqual({
        valid: false,
        code: 'NOT_FOUND',
        message: null,
        license: null,
        entitlements: {},
        token: null,
      });
      expect(await verify({ license_key: 'eyJhbGciOiJub25lIn0.e30.c2ln' })).toMatchObject({
        code: 'BAD_SIGNATURE',
        license: null,
      });
    });

    it('knows signed keys, which show who signed them', async () => {
      const signed = await app.create('/admin/products', {
        name: 'Signed',
        slug: 'signed',
        type: 'saas',
        key_format: 'signed',
      });
      const of = await newPlan({ product_id: signed['id'] });
      const license = await issue({ product_id: signed['id'], plan_id: of['id'] });
      const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
      await jwtVerify(String(license['license_key']), keys, { typ: 'license+jwt', subject: String(license['id']) });
      expect(await verify(license, { identifier: undefined })).toMatchObject({ valid: true });
      const [header, payload] = String(license['license_key']).split('.');
      expect(await verify({ license_key: `${header}.${payload}.AAAA` }, { identifier: undefined })).toMatchObject({
        code: 'BAD_SIGNATURE',
      });
    });

    it('needs an identifier where the product has activations', async () => {
      const reply = await ask('verify', { license_key: (await issue())['license_key'] });
      expect(reply).toMatchObject({ status: 400, body: { errors: [{ pointer: '/identifier' }] } });
    });

    it('is logged with its outcome, and the device with the time', async () => {
      const license = await issue();
      await activate(license, 'device');
      await verify(license);
      await verify(license, { identifier: 'stranger' });
      const log = (await app.call('GET', `/admin/licenses/${String(license['id'])}/validations`)).body as {
        data: Fields[];
      };
      expect(log.data.map(({ code, result }) => [code, result])).toEqual([
        ['NOT_ACTIVATED', 'refused'],
        ['VALID', 'ok'],
      ]);
      const { data } = (await app.call('GET', `/admin/licenses/${String(license['id'])}/activations`)).body as {
        data: Fields[];
      };
      expect(data[0]).toMatchObject({ identifier: 'device', last_verified: expect.stringMatching(/Z$/) as unknown });
    });
  });

  describe('who may', () => {
    const keyFor = async (scopes: string[], product_id?: unknown): Promise<Record<string, string>> => {
      const made = await app.create('/admin/api-keys', {
        name: 'k',
        scopes,
        ...(product_id === undefined ? {} : { product_id }),
      });
      return { authorization: `Bearer ${String(made['key'])}` };
    };

    it('needs the scope', async () => {
      const none = await keyFor([]);
      const writes = await keyFor(['licenses:write']);
      expect((await app.call('GET', '/admin/licenses', undefined, none)).status).toBe(403);
      expect((await app.call('GET', '/admin/licenses', undefined, writes)).status).toBe(200);
      expect((await app.call('GET', '/admin/products', undefined, writes)).status).toBe(403);
      expect((await app.call('GET', '/admin/licenses', undefined, { authorization: undefined })).status).toBe(401);
      expect(
        (await app.call('GET', '/admin/licenses', undefined, { authorization: `Bearer ${ADMIN_KEY}x` })).status,
      ).toBe(401);
    });

    it('a key of a product sees the objects of others nowhere', async () => {
      const other = await app.create('/admin/products', { name: 'Other', slug: 'other', type: 'desktop' });
      const bound = await keyFor(['admin'], other['id']);
      const license = await issue();
      const get = async (path: string): Promise<number> => (await app.call('GET', path, undefined, bound)).status;
      expect(await get(`/admin/products/${String(product['id'])}`)).toBe(404);
      expect(await get(`/admin/plans/${String(plan['id'])}`)).toBe(404);
      expect(await get(`/admin/licenses/${String(license['id'])}`)).toBe(404);
      expect(await get(`/admin/licenses/${String(license['id'])}/events`)).toBe(404);
      expect((await app.call('POST', `/admin/licenses/${String(license['id'])}/revoke`, {}, bound)).status).toBe(404);
      expect((await app.call('GET', '/admin/licenses', undefined, bound)).body).toEqual({
        data: [],
        next_cursor: null,
      });
      expect((await app.call('POST', '/admin/products', { name: 'x', slug: 'x', type: 'saas' }, bound)).status).toBe(
        403,
      );
      const verified = await app.call(
        'POST',
        '/license/verify',
        { license_key: license['license_key'], identifier: 'x' },
        bound,
      );
      expect(verified.body).toMatchObject({ code: 'NOT_FOUND', license: null });
      expect((await app.call('GET', `/admin/licenses/${String(license['id'])}`)).body).toMatchObject({
        status: 'active',
      });
    });
  });

  it('keeps keys and personal data out of the log in the clear', async () => {
    const license = await issue({ email: 'secret.person@example.com', name: 'Secret Person' });
    await activate(license, 'secret-machine');
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: app.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ all: string }>(
      `select string_agg(data::text || metadata::text, ' ') as all from licensing.events`,
    );
    await client.end();
    for (const secret of ['secret.person', 'Secret Person', 'secret-machine', String(license['license_key'])]) {
      expect(rows[0]?.all).not.toContain(secret);
    }
  });
});
