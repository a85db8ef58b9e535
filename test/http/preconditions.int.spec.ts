import pg from 'pg';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { type Reply, startApp, type TestApp } from '../support/app.ts';

describe('a conditional request', () => {
  let app: TestApp;
  let product: string;

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService, webhooksService] });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    const slug = `p-${Math.random().toString(36).slice(2)}`;
    const { id } = await app.create('/admin/products', { name: 'One', slug, type: 'desktop' });
    product = `/admin/products/${String(id)}`;
    await app.call('PATCH', product, { name: 'Two' });
  });

  const rename = (ifMatch: string): Promise<Reply> =>
    app.call('PATCH', product, { name: 'Three' }, { 'if-match': ifMatch });
  const read = (ifNoneMatch?: string, path = product): Promise<Reply> =>
    app.call('GET', path, undefined, { 'if-none-match': ifNoneMatch });

  it.each(['"2"', 'W/"2"', '"1", "2"', 'W/"7" , W/"2"', ' ,"2",, ', '"a,b", "2"', '"2-c0ffee"', '*'])(
    'changes a resource at version 2 with If-Match: %s',
    async (ifMatch) => {
      expect(await rename(ifMatch)).toMatchObject({ status: 200, headers: { etag: '"3"' }, body: { name: 'Three' } });
    },
  );

  it.each(['"1"', 'W/"1"', '"1", W/"3"', '"0"', '"02"', '"2x"', '"another server’s"', '""'])(
    'changes nothing and answers 412 with If-Match: %s',
    async (ifMatch) => {
      expect(await rename(Buffer.from(ifMatch).toString('latin1'))).toMatchObject({
        status: 412,
        body: { code: 'PRECONDITION_FAILED', version: 2 },
      });
      expect(await read()).toMatchObject({ headers: { etag: '"2"' }, body: { name: 'Two' } });
    },
  );

  it.each(['2', 'w/"2"', '"2', '*, "2"', '"1" "2"', ','])('is refused with If-Match: %s', async (ifMatch) => {
    expect(await rename(ifMatch)).toMatchObject({ status: 400, body: { errors: [{ pointer: 'If-Match' }] } });
  });

  it('takes lists and weak tags on commands too', async () => {
    const made = await app.create('/admin/plans', {
      product_id: product.slice('/admin/products/'.length),
      name: 'Plan',
      slug: 'plan',
      license_type: 'perpetual',
      license_model: 'standard',
    });
    const { product_id, id: plan_id } = made;
    const license = await app.create('/admin/licenses', { product_id, plan_id, email: 'ada@example.com' });
    const suspend = (ifMatch: string): Promise<Reply> =>
      app.call('POST', `/admin/licenses/${String(license['id'])}/suspend`, {}, { 'if-match': ifMatch });
    expect((await suspend('W/"4", "5"')).status).toBe(412);
    expect(await suspend('"5", W/"1"')).toMatchObject({ status: 200, headers: { etag: '"2"' } });
  });

  it.each(['"2"', 'W/"2"', '"1", W/"2"', '*'])('answers 304 without a body to If-None-Match: %s', async (tags) => {
    for (const method of ['GET', 'HEAD']) {
      const reply = await app.call(method, product, undefined, { 'if-none-match': tags });
      expect(reply).toMatchObject({ status: 304, headers: { etag: '"2"' }, body: '' });
      expect(reply.headers).toHaveProperty('request-id');
      expect(reply.headers).not.toHaveProperty('content-type');
      expect(reply.headers).not.toHaveProperty('content-length');
    }
  });

  it.each(['"1"', 'W/"1", "3"', '"2-c0ffee"'])('answers with the resource to If-None-Match: %s', async (tags) => {
    expect(await read(tags)).toMatchObject({ status: 200, body: { name: 'Two' } });
  });

  it('is refused with an If-None-Match that holds no entity tag', async () => {
    expect(await read('yesterday')).toMatchObject({ status: 400, body: { errors: [{ pointer: 'If-None-Match' }] } });
  });

  it('answers 404 for an unknown id, whatever the condition', async () => {
    const unknown = '/admin/products/prod_01jd1zx0h8e4rvy2m6k9w3q5tb';
    expect((await read('*', unknown)).status).toBe(404);
    expect((await app.call('PATCH', unknown, { name: 'x' }, { 'if-match': 'W/"1"' })).status).toBe(404);
  });

  it('on a webhook sees its circuit change, which makes no new version', async () => {
    const { id } = await app.create('/admin/webhooks', { url: 'https://example.com/', events: ['*'], active: false });
    const webhook = `/admin/webhooks/${String(id)}`;
    const before = String((await read(undefined, webhook)).headers['etag']);
    expect((await read(before, webhook)).status).toBe(304);
    const client = new pg.Client({ connectionString: app.databaseUrl });
    await client.connect();
    await client.query(
      `insert into webhooks.delivery_gates (endpoint_id, failures) values ($1, 3)
       on conflict (endpoint_id) do update set failures = 3`,
      [id],
    );
    await client.end();
    const after = await read(before, webhook);
    expect(after).toMatchObject({ status: 200, body: { circuit: { failures: 3 } } });
    const etag = String(after.headers['etag']);
    expect((await read(etag, webhook)).status).toBe(304);
    expect((await app.call('PATCH', webhook, { description: 'x' }, { 'if-match': etag })).status).toBe(200);
    expect((await app.call('PATCH', webhook, { description: 'x' }, { 'if-match': etag })).status).toBe(412);
  });

  it('is documented where it is answered', async () => {
    const { paths } = (await app.call('GET', '/openapi.json')).body as {
      paths: Record<string, Record<string, { parameters: { name: string }[]; responses: Record<string, unknown> }>>;
    };
    const conditional = Object.entries(paths).flatMap(([path, { get }]) => (get?.responses['304'] ? [path] : []));
    expect(conditional.length).toBeGreaterThan(4);
    for (const path of conditional) {
      expect(paths[path]?.['get']?.parameters.map(({ name }) => name)).toContain('If-None-Match');
      expect(paths[path]?.['get']?.responses['200']).toHaveProperty('headers.ETag');
    }
    for (const path of ['products', 'plans', 'licenses', 'webhooks'])
      expect(conditional).toContain(`/api/v1/admin/${path}/{id}`);
  });
});
