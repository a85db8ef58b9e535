import { connect } from 'node:net';
import { startApp, type TestApp } from '../support/app.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';

type Fields = Record<string, unknown>;

describe('bad input', () => {
  let app: TestApp;
  let product: Fields;

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService] });
    product = (await app.call('POST', '/admin/products', { name: 'P', slug: 'p', type: 'desktop' })).body as Fields;
  });
  afterAll(() => app.close());

  const plan = (over: Fields = {}): Fields => ({
    product_id: product['id'],
    name: 'Plan',
    slug: 'plan',
    license_type: 'perpetual',
    license_model: 'standard',
    ...over,
  });
  const refused = async (path: string, body: unknown, pointer?: string): Promise<Fields> => {
    const reply = await app.call('POST', path, body);
    expect(reply.status).toBe(400);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    const problem = reply.body as { errors?: { pointer: string; detail: string }[] };
    if (pointer !== undefined) expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
    return problem;
  };

  it('answers with a problem that has a code, a path and a request id', async () => {
    const reply = await app.call('POST', '/admin/products', { name: 'x' }, { 'request-id': 'my-request' });
    expect(reply.headers['request-id']).toBe('my-request');
    expect(reply.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    expect(reply.body).toMatchObject({
      type: expect.stringMatching(/\/problems\/VALIDATION_FAILED$/) as unknown,
      title: 'Bad Request',
      status: 400,
      code: 'VALIDATION_FAILED',
      instance: '/api/v1/admin/products',
    });
  });

  it.each([
    ['an unknown field', { status: 'active' }, '/status'],
    ['a number as text', { max_activations: '3' }, '/max_activations'],
    ['a fraction', { max_activations: 1.5 }, '/max_activations'],
    ['a negative number', { max_activations: -1 }, '/max_activations'],
    ['a number that a double cannot hold', { max_activations: 2 ** 53 }, '/max_activations'],
    ['days beyond ten years', { trial_days: 3651 }, '/trial_days'],
    ['a timeout of 0', { floating_timeout: 0 }, '/floating_timeout'],
    ['null for a field that cannot be unlimited', { grace_days: null }, '/grace_days'],
    ['a value that is not in the list', { license_type: 'forever' }, '/license_type'],
    ['text that is too long', { name: 'x'.repeat(201) }, '/name'],
    ['a control character', { name: 'a\u0007b' }, '/name'],
    ['a slug with capitals', { slug: 'Plan' }, '/slug'],
    ['an id of another kind', { product_id: 'lic_01jd1zx0h8e4rvy2m6k9w3q5tb' }, '/product_id'],
    ['a list for a text', { name: ['x'] }, '/name'],
  ])('refuses %s', async (_what, over, pointer) => {
    await refused('/admin/plans', plan(over), pointer);
    expect((await app.call('GET', '/admin/plans')).body).toMatchObject({ data: [] });
  });

  it('refuses numbers that JSON cannot represent', async () => {
    const text = JSON.stringify(plan()).replace('}', ',"max_activations":1e309}');
    await refused('/admin/plans', text, '/max_activations');
    await refused('/admin/plans', JSON.stringify(plan()).replace('}', ',"max_activations":NaN}'));
  });

  it('names the prefix that an id must have', async () => {
    const problem = await refused('/admin/plans', plan({ product_id: 'plan_1' }), '/product_id');
    expect(JSON.stringify(problem)).toContain('begins with prod_');
    const reply = await app.call('GET', '/admin/licenses/prod_01jd1zx0h8e4rvy2m6k9w3q5tb');
    expect(reply).toMatchObject({ status: 400, body: { errors: [{ pointer: '{id}' }] } });
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses the metadata key %s', async (key) => {
    const body = `{"product_id":"${String(product['id'])}","plan_id":"plan_01jd1zx0h8e4rvy2m6k9w3q5tb","email":"a@b.c","metadata":{"${key}":1}}`;
    await refused('/admin/licenses', body);
    expect(({} as Fields)['polluted']).toBeUndefined();
  });

  it('bounds metadata in keys and bytes', async () => {
    const license = { product_id: product['id'], plan_id: 'plan_01jd1zx0h8e4rvy2m6k9w3q5tb', email: 'a@b.c' };
    const keys = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, n]));
    await refused('/admin/licenses', { ...license, metadata: keys }, '/metadata');
    await refused('/admin/licenses', { ...license, metadata: { k: 'x'.repeat(16_384) } }, '/metadata');
  });

  it.each([['\u0000'], ['\ud800'], ['a\u202eb'], ['\u200b'], ['   '], ['x'.repeat(256)], ['']])(
    'refuses the identifier %j',
    async (identifier) => {
      await refused('/license/verify', { license_key: 'K', identifier });
    },
  );

  it.each([['👩‍💻'], ['क्\u200dष'], ['x'.repeat(255)], ['Ωmega']])('takes the identifier %j', async (identifier) => {
    expect(await app.call('POST', '/license/verify', { license_key: 'K', identifier })).toMatchObject({
      status: 200,
      body: { code: 'NOT_FOUND' },
    });
  });

  it('refuses unknown parameters of lists, and limits out of range', async () => {
    for (const [query, pointer] of [
      ['limit=0', '?limit'],
      ['limit=201', '?limit'],
      ['limit=ten', '?limit'],
      ['color=red', '?color'],
      ['status=unknown', '?status'],
      ['plan_id=nonsense', '?plan_id'],
    ]) {
      expect(await app.call('GET', `/admin/licenses?${query}`)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer }] },
      });
    }
    for (const cursor of ['%00', 'bm90IGpzb24', 'WzFd', 'W10', '!!']) {
      expect(await app.call('GET', `/admin/licenses?cursor=${cursor}`)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_CURSOR' },
      });
    }
  });

  it('refuses bodies that are too large, too deep, of another type, or not JSON', async () => {
    expect(await app.call('POST', '/admin/products', JSON.stringify({ name: 'x'.repeat(2 ** 20) }))).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
    const deep = `{"metadata":${'['.repeat(40)}${']'.repeat(40)}}`;
    expect(await app.call('POST', '/admin/licenses', deep)).toMatchObject({ status: 400 });
    const xml = { 'content-type': 'application/xml' };
    expect(await app.call('POST', '/admin/products', '<a/>', xml)).toMatchObject({
      status: 415,
      body: { code: 'UNSUPPORTED_MEDIA_TYPE' },
    });
    expect(await app.call('POST', '/admin/products', '{"name":')).toMatchObject({
      status: 400,
      body: { code: 'MALFORMED_JSON' },
    });
    expect(await app.call('POST', '/admin/products', '[]')).toMatchObject({ status: 400 });
    expect(await app.call('POST', '/admin/products', 'null')).toMatchObject({ status: 400 });
  });

  it('refuses invalid UTF-8', async () => {
    const reply = await fetch(`${app.url}/api/v1/license/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.concat([Buffer.from('{"license_key":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    });
    expect(reply.status).toBe(400);
  });

  it('answers 404 for unknown paths and 405 for unknown methods', async () => {
    expect(await app.call('GET', '/nothing')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const put = await app.call('PUT', '/admin/products', {});
    expect(put).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } });
    expect(put.headers['allow']).toBe('POST, GET, HEAD');
  });

  it.each([
    ['is not HTTP', 'NONSENSE\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    [
      'has a path that is too long',
      `GET /?${'x'.repeat(17_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
  ])('answers a request that %s with a problem', async (_what, sent, status, code) => {
    const { hostname, port } = new URL(app.url);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(sent));
      let got = '';
      socket.on('data', (chunk) => (got += chunk.toString()));
      socket.on('close', () => resolve(got));
      socket.on('error', reject);
    });
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*content-type: application/problem\\+json`, 's'));
    const problem = JSON.parse(body) as { type: string };
    expect(problem).toMatchObject({ status, code });
    expect((await fetch(new URL(new URL(problem.type).pathname, app.url))).status).toBe(200);
  });

  it.each(['', ' ', 'ü', 'x'.repeat(256)])('refuses the Idempotency-Key %j', async (key) => {
    const reply = await app.call(
      'POST',
      '/admin/products',
      { name: 'x', slug: 'x', type: 'saas' },
      { 'idempotency-key': key },
    );
    expect(reply.status).toBe(400);
  });

  it('refuses an If-Match that is not an ETag', async () => {
    const reply = await app.call(
      'PATCH',
      `/admin/products/${String(product['id'])}`,
      { name: 'x' },
      { 'if-match': 'yesterday' },
    );
    expect(reply).toMatchObject({ status: 400, body: { errors: [{ pointer: 'If-Match' }] } });
  });
});

describe('an Idempotency-Key', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService] });
  });
  afterAll(() => app.close());

  const make = (key: string, slug: string, headers: Record<string, string> = {}) =>
    app.call('POST', '/admin/products', { name: 'x', slug, type: 'saas' }, { 'idempotency-key': key, ...headers });

  it('replays a decided refusal', async () => {
    await make('first', 'taken');
    const refusal = await make('second', 'taken');
    expect(refusal).toMatchObject({ status: 409, body: { code: 'SLUG_TAKEN' } });
    const again = await make('second', 'taken');
    expect(again).toMatchObject({
      status: 409,
      headers: { 'idempotent-replayed': 'true' },
      body: refusal.body as object,
    });
  });

  it('does not remember a refusal that was not decided', async () => {
    expect((await make('third', 'BAD SLUG')).status).toBe(400);
    expect((await make('third', 'good-slug')).status).toBe(201);
  });

  it('is separate for each caller', async () => {
    await make('shared', 'mine');
    const other = (await app.call('POST', '/admin/api-keys', { name: 'k', scopes: ['admin'] })).body as { key: string };
    expect((await make('shared', 'yours', { authorization: `Bearer ${other.key}` })).status).toBe(201);
  });

  it('keeps answers encrypted: the database has no license key in the clear', async () => {
    const product = (await make('keep-product', 'kept')).body as { id: string };
    const plan = (
      await app.call('POST', '/admin/plans', {
        product_id: product.id,
        name: 'x',
        slug: 'x',
        license_type: 'perpetual',
        license_model: 'standard',
      })
    ).body as { id: string };
    const license = await app.call(
      'POST',
      '/admin/licenses',
      { product_id: product.id, plan_id: plan.id, email: 'a@example.com' },
      { 'idempotency-key': 'issue' },
    );
    const { license_key } = license.body as { license_key: string };
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: app.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ all: string }>(
      `select string_agg(encode(result, 'escape'), ' ') as all from licensing.commands`,
    );
    await client.end();
    expect(rows[0]?.all.length).toBeGreaterThan(100);
    expect(rows[0]?.all).not.toContain(license_key);
  });
});
