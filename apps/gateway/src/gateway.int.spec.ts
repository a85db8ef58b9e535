import { ADMIN_KEY, soon, startApp, type TestApp } from '../../../test/support/app.ts';
import { contractsByType, readPublished } from '#events/publish';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { ApiKeyUses } from './api-keys/api-key-uses.ts';
import { BootstrapKey } from './authentication/bootstrap-key.ts';
import { gatewayService } from './gateway.module.ts';

const PRODUCT = 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb';
const OTHER_PRODUCT = 'prod_01jd1zx0h8e4rvy2m6k9w3q5tc';
const UNKNOWN = 'kl_0000000000000000000000000000000000000000';

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const anonymous = { authorization: undefined };

describe('API keys', () => {
  let here: TestApp;
  let there: TestApp;

  beforeAll(async () => {
    here = await startApp({ services: [gatewayService] });
    there = await startApp({ services: [gatewayService], databaseUrl: here.databaseUrl });
  });
  afterAll(async () => {
    await there.close();
    await here.close();
  });

  const make = (fields: Record<string, unknown> = {}) =>
    here.create('/admin/api-keys', { name: 'Order system', scopes: ['admin'], ...fields }) as Promise<{
      id: string;
      key: string;
      prefix: string;
    }>;

  it('are shown once, and never again', async () => {
    const created = await here.call('POST', '/admin/api-keys', {
      name: 'Order system',
      scopes: ['licenses:write'],
      product_id: PRODUCT,
    });
    expect(created.status).toBe(201);
    const { id, key, prefix } = created.body;
    expect(key).toMatch(/^kl_[0-9A-Za-z]{40}$/);
    expect(key.startsWith(prefix)).toBe(true);
    expect(created.headers['location']).toBe(`/api/v1/admin/api-keys/${id}`);

    const read = await here.call('GET', `/admin/api-keys/${id}`);
    expect(read.status).toBe(200);
    expect(read.headers['etag']).toBe('"1"');
    expect(read.body).toEqual({
      id,
      name: 'Order system',
      scopes: ['licenses:write'],
      product_id: PRODUCT,
      prefix,
      status: 'active',
      created_at: created.body.created_at,
      revoked_at: null,
      last_used: null,
      last_used_ip: null,
    });
    const list = await here.call('GET', '/admin/api-keys');
    expect(list.body.data).toContainEqual(read.body);
    expect(JSON.stringify(list.body)).not.toContain(key);
  });

  it('allow only what their scopes include', async () => {
    const statusWith = async (scopes: string[]): Promise<number> => {
      const { key } = await make({ scopes });
      return (await here.call('GET', '/admin/api-keys', undefined, bearer(key))).status;
    };
    expect(await statusWith(['admin'])).toBe(200);
    expect(await statusWith(['licenses:write', 'releases:write'])).toBe(403);
    expect(await statusWith([])).toBe(403);
  });

  it('with the scope `read` allow every GET and nothing else', async () => {
    const { id, key } = await make({ scopes: ['read'] });
    const status = async (method: string, path: string, body?: unknown): Promise<number> =>
      (await here.call(method, path, body, bearer(key))).status;
    expect(await status('GET', '/admin/api-keys')).toBe(200);
    expect(await status('GET', `/admin/api-keys/${id}`)).toBe(200);
    expect(await status('GET', '/events?limit=1')).toBe(200);
    expect(await status('POST', '/admin/api-keys', { name: 'x', scopes: [] })).toBe(403);
    expect(await status('PATCH', `/admin/api-keys/${id}`, { name: 'x' })).toBe(403);
    expect(await status('DELETE', `/admin/api-keys/${id}`)).toBe(403);
  });

  it.each([
    [{ name: 'x', scopes: ['admin', 'root'] }],
    [{ name: 'x', scopes: 'admin' }],
    [{ name: 'x' }],
    [{ name: '', scopes: [] }],
    [{ name: 'a\u0000b', scopes: [] }],
    [{ name: 'x', scopes: [], status: 'active' }],
    [{ name: 'x', scopes: [], product_id: 'plan_01jd1zx0h8e4rvy2m6k9w3q5tb' }],
    [{ name: 'x'.repeat(201), scopes: [] }],
  ])('are not created from %j', async (body) => {
    const { status, body: problem } = await here.call('POST', '/admin/api-keys', body);
    expect(status).toBe(400);
    expect(problem).toMatchObject({ code: 'VALIDATION_FAILED', errors: [expect.objectContaining({})] });
  });

  it('bound to a product create and see only keys of that product', async () => {
    const bound = await make({ product_id: PRODUCT });
    const foreign = await make({ product_id: OTHER_PRODUCT });
    const unbound = await make();
    const asBound = (method: string, path: string, body?: unknown) => here.call(method, path, body, bearer(bound.key));

    for (const product_id of [undefined, null, OTHER_PRODUCT]) {
      const refused = await asBound('POST', '/admin/api-keys', { name: 'x', scopes: ['admin'], product_id });
      expect([refused.status, refused.body.code]).toEqual([403, 'API_KEY_BEYOND_PRODUCT']);
    }
    expect(
      (await asBound('POST', '/admin/api-keys', { name: 'x', scopes: ['admin'], product_id: PRODUCT })).status,
    ).toBe(201);

    for (const { id } of [foreign, unbound]) {
      expect((await asBound('GET', `/admin/api-keys/${id}`)).status).toBe(404);
      expect((await asBound('PATCH', `/admin/api-keys/${id}`, { name: 'mine' })).status).toBe(404);
      expect((await asBound('DELETE', `/admin/api-keys/${id}`)).status).toBe(404);
      expect(
        (await here.call('PATCH', `/admin/api-keys/${id}`, { name: 'x' }, { ...bearer(bound.key), 'if-match': '"99"' }))
          .status,
      ).toBe(404);
    }
    const { body } = await asBound('GET', '/admin/api-keys?limit=200');
    expect(body.data.length).toBeGreaterThan(1);
    expect(body.data.every((key: { product_id: string }) => key.product_id === PRODUCT)).toBe(true);
    const other = await asBound('GET', `/admin/api-keys?product_id=${OTHER_PRODUCT}`);
    expect(other.body).toEqual({ data: [], next_cursor: null });
  });

  it('are refused as soon as they are revoked: here immediately, elsewhere within a second', async () => {
    const { id, key } = await make();
    const knock = (app: TestApp) => app.call('GET', '/admin/api-keys?limit=1', undefined, bearer(key));
    expect((await knock(here)).status).toBe(200);
    expect((await knock(there)).status).toBe(200);

    const revoked = await here.call('DELETE', `/admin/api-keys/${id}`);
    expect([revoked.status, revoked.body]).toEqual([204, '']);
    expect((await knock(here)).status).toBe(401);
    await soon(async () => (await knock(there)).status === 401);

    expect((await here.call('DELETE', `/admin/api-keys/${id}`)).status).toBe(204);
    const { body } = await here.call('GET', `/admin/api-keys/${id}`);
    expect(body).toMatchObject({ status: 'revoked', revoked_at: expect.stringMatching(/Z$/) });
    expect((await here.call('PATCH', `/admin/api-keys/${id}`, { name: 'x' })).body.code).toBe('API_KEY_REVOKED');
  });

  it('created in one instance are immediately known in another', async () => {
    const { key } = await make();
    expect((await there.call('GET', '/admin/api-keys?limit=1', undefined, bearer(key))).status).toBe(200);
  });

  it('can be renamed, with If-Match', async () => {
    const { id } = await make();
    const stale = await here.call('PATCH', `/admin/api-keys/${id}`, { name: 'Shop' }, { 'if-match': '"7"' });
    expect(stale.status).toBe(412);
    const renamed = await here.call('PATCH', `/admin/api-keys/${id}`, { name: 'Shop' }, { 'if-match': '"1"' });
    expect([renamed.status, renamed.body.name, renamed.headers['etag']]).toEqual([200, 'Shop', '"2"']);
    expect((await here.call('PATCH', `/admin/api-keys/${id}`, {})).headers['etag']).toBe('"2"');
    expect((await here.call('PATCH', `/admin/api-keys/${id}`, { scopes: ['admin'] })).status).toBe(400);
  });

  it('are listed newest first, page by page, and found by name, prefix, product and status', async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push((await make({ name: `Listed ${i}` })).id);
    const walked: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { body: { data: { id: string }[]; next_cursor: string | null } } = await here.call(
        'GET',
        `/admin/api-keys?q=lISTED&limit=2${cursor && `&cursor=${cursor}`}`,
      );
      walked.push(...page.body.data.map(({ id }) => id));
      cursor = page.body.next_cursor;
    }
    expect(walked).toEqual(made.reverse());
    const { prefix, id } = await make();
    expect((await here.call('GET', `/admin/api-keys?q=${prefix}`)).body.data).toMatchObject([{ id }]);
    await here.call('DELETE', `/admin/api-keys/${id}`);
    expect((await here.call('GET', `/admin/api-keys?q=${prefix}&status=active`)).body.data).toEqual([]);
    expect((await here.call('GET', `/admin/api-keys?q=${prefix}&status=revoked`)).body.data).toMatchObject([{ id }]);
    for (const query of ['limit=0', 'limit=201', 'cursor=x', 'cursor=WzFd', 'sort=name', 'status=gone']) {
      expect((await here.call('GET', `/admin/api-keys?${query}`)).status).toBe(400);
    }
  });

  it('show time and address of the last use, in every instance, without a write per request', async () => {
    const { id, key } = await make({ scopes: [] });
    await here.call('GET', '/admin/api-keys', undefined, bearer(key));
    const seen = await here.call('GET', `/admin/api-keys/${id}`);
    expect(seen.body).toMatchObject({ last_used: expect.stringMatching(/Z$/), last_used_ip: '127.0.0.1' });
    await here.app.nest.get(ApiKeyUses).write();
    expect((await there.call('GET', `/admin/api-keys/${id}`)).body).toEqual(seen.body);
  });

  it('created twice under one Idempotency-Key are one key, and the answer is repeated', async () => {
    const send = (app: TestApp) =>
      app.call('POST', '/admin/api-keys', { name: 'Once', scopes: [] }, { 'idempotency-key': 'make-it-once' });
    const first = await send(here);
    const again = await send(there);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect((await here.call('GET', '/admin/api-keys?q=Once')).body.data).toHaveLength(1);
  });

  it.each([
    ['Bearer'],
    ['Bearer '],
    ['Basic dXNlcjpwYXNz'],
    [`Bearer ${UNKNOWN}`],
    [`Bearer ${ADMIN_KEY} x`],
    [ADMIN_KEY],
    [`Bearer ${ADMIN_KEY.toUpperCase()}`],
  ])('a wrong credential (%s) is answered 401, also on public routes', async (authorization) => {
    for (const path of ['/admin/api-keys', '/openapi.json', '/nowhere']) {
      const { status, body, headers } = await here.call('GET', path, undefined, { authorization });
      expect([path, status, body.code]).toEqual([path, 401, 'UNAUTHENTICATED']);
      expect(headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it('are required on routes that are not public', async () => {
    expect((await here.call('GET', '/admin/api-keys', undefined, anonymous)).status).toBe(401);
    expect((await here.call('GET', '/events/catalog', undefined, anonymous)).status).toBe(401);
    expect((await here.call('GET', '/openapi.json', undefined, anonymous)).status).toBe(200);
  });

  it('are not in the log, and their hashes are not in published events', async () => {
    const { id, key } = await make();
    const { pool } = here.app.nest.get<ServiceDatabase>(DATABASE, { strict: false });
    const { rows } = await pool.query<{ hash: string; log: string }>(
      `select k.hash, (select string_agg(e::text, '') from events e) as log from api_keys k where id = $1`,
      [id],
    );
    const [{ hash, log } = { hash: '', log: '' }] = rows;
    expect(log).toContain(hash);
    expect(log).not.toContain(key);
    const { events } = await readPublished(pool, 'gateway', contractsByType(gatewayService.publishes), {
      after: 0,
      limit: 1_000,
    });
    expect(events.map(({ subject }) => subject)).toContain(id);
    expect(JSON.stringify(events)).not.toContain(hash);
  });
});

describe('the documents', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ services: [gatewayService] });
  });
  afterAll(() => app.close());

  it('describe the routes that are served', async () => {
    const { body } = await app.call('GET', '/openapi.json', undefined, anonymous);
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/admin/api-keys',
        '/api/v1/admin/api-keys/{id}',
        '/api/v1/openapi.json',
        '/api/v1/events/catalog',
      ]),
    );
    expect(body.components.schemas.ApiKey.properties).not.toHaveProperty('hash');
  });

  it('describe the events', async () => {
    const catalog = await app.call('GET', '/events/catalog');
    expect(JSON.stringify(catalog.body)).toContain('api_key.created');
    const { body } = await app.call('GET', '/asyncapi.json');
    expect(body.asyncapi).toMatch(/^3\./);
  });
});

describe('the first key', () => {
  it('is created and shown by one of several instances that start together', async () => {
    const first = await startApp({ services: [gatewayService], env: { KEYLEDGER_BOOTSTRAP_API_KEY: '' } });
    const { databaseUrl } = first;
    const made = await first.app.nest.get(BootstrapKey).ensure();
    expect(made).toMatchObject({ origin: 'generated', key: expect.stringMatching(/^kl_[0-9A-Za-z]{40}$/) });
    const key = made?.key ?? '';

    const others = await Promise.all([1, 2].map(() => startApp({ services: [gatewayService], databaseUrl })));
    for (const { app } of others) expect(await app.nest.get(BootstrapKey).ensure()).toBeUndefined();
    const { body } = await first.call('GET', '/admin/api-keys', undefined, bearer(key));
    expect(body.data).toHaveLength(1);

    // Without it all users would be locked out permanently: the next start creates another key.
    await first.call('DELETE', `/admin/api-keys/${body.data[0].id}`, undefined, bearer(key));
    const next = await startApp({ services: [gatewayService], databaseUrl });
    expect(await next.app.nest.get(BootstrapKey).ensure()).toEqual({ key: ADMIN_KEY, origin: 'configured' });
    expect((await next.call('GET', '/admin/api-keys')).status).toBe(200);
    for (const app of [...others, next, first]) await app.close();
  });
});

describe('rate limits', () => {
  it('lock out an address after repeated failures, in every instance, and still serve a valid key', async () => {
    const env = { KEYLEDGER_RATE_LIMITS: 'on' };
    const here = await startApp({ services: [gatewayService], env });
    const there = await startApp({ services: [gatewayService], env, databaseUrl: here.databaseUrl });
    const knock = (app: TestApp, headers: Record<string, string | undefined>) =>
      app.call('GET', '/admin/api-keys', undefined, headers);

    for (let i = 0; i < 5; i++) expect((await knock(i % 2 ? here : there, bearer(UNKNOWN))).status).toBe(401);
    for (const app of [here, there]) {
      const refused = await knock(app, bearer(UNKNOWN));
      expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_FAILURES']);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect((await knock(app, {})).status).toBe(200);
      expect((await app.call('GET', '/openapi.json', undefined, anonymous)).status).toBe(200);
    }
    await there.close();
    await here.close();
  });

  it('limit how often a key is used, and report the remaining calls', async () => {
    const app = await startApp({
      services: [gatewayService],
      env: { KEYLEDGER_RATE_LIMITS: 'on', KEYLEDGER_RATE_LIMIT_PER_API_KEY: '20' },
    });
    const answers = await Promise.all(Array.from({ length: 60 }, () => app.call('GET', '/admin/api-keys')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers).toMatchObject({
      'retry-after': '1',
      'ratelimit-policy': '"api-key";q=20;w=1',
      ratelimit: '"api-key";r=0;t=1',
    });
    expect(answers[0]?.headers['ratelimit']).toMatch(/^"api-key";r=\d+;t=1$/);
    await app.close();
  });
});
