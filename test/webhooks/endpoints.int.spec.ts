import { ADMIN_KEY } from '../support/app.ts';
import { startWebhooks, type Webhooks } from './harness.ts';

const URL = 'https://example.com/hooks';

describe('webhooks', () => {
  let app: Webhooks;
  beforeAll(async () => {
    app = await startWebhooks();
  });
  afterAll(() => app.close());
  const create = (body: Record<string, unknown>, headers = {}) =>
    app.call('POST', '/admin/webhooks', { url: URL, events: ['*'], ...body }, headers);

  it('show their secret only when they are created', async () => {
    const made = await create({ events: ['license.*', 'license.created'], description: 'Shop' });
    expect(made).toMatchObject({
      status: 201,
      headers: { location: `/api/v1/admin/webhooks/${made.body.id}`, etag: '"1"' },
      body: {
        url: URL,
        events: ['license.*', 'license.created'],
        description: 'Shop',
        product_id: null,
        ordering: 'none',
        active: true,
      },
    });
    expect(Buffer.from((made.body.secret as string).slice('whsec_'.length), 'base64')).toHaveLength(32);
    const { secret, ...rest } = made.body;
    const read = await app.call('GET', `/admin/webhooks/${made.body.id}`);
    expect(read.body).toEqual(rest);
    const { body: list } = await app.call('GET', '/admin/webhooks');
    expect(list.data[0]).toEqual(rest);
    expect(JSON.stringify(list)).not.toContain(secret);
  });

  it('are created once for one Idempotency-Key, with the same secret in both answers', async () => {
    const headers = { 'idempotency-key': 'make-it-once' };
    const [first, second] = [await create({}, headers), await create({}, headers)];
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotent-replayed']).toBe('true');
  });

  it.each([
    [{ events: [] }, '/events'],
    [{ events: ['license.invented'] }, '/events/0'],
    [{ events: ['license.*', 'licens.*'] }, '/events/1'],
    [{ url: 'ftp://example.com/' }, '/url'],
    [{ url: 'https://user:pass@example.com/' }, '/url'],
    [{ ordering: 'random' }, '/ordering'],
    [{ secret: 'mine' }, '/secret'],
    [{ product_id: 'lic_01jd1zx0h8e4rvy2m6k9w3q5tb' }, '/product_id'],
  ])('are refused with %j', async (fields, pointer) => {
    expect(await create(fields)).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ pointer }] },
    });
  });

  it('must belong to an existing product, even one created just before', async () => {
    expect(await create({ product_id: await app.product() })).toMatchObject({ status: 201 });
    expect(await create({ product_id: 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb' })).toMatchObject({
      status: 404,
      body: { code: 'PRODUCT_NOT_FOUND' },
    });
  });

  it('of other products are invisible to a key bound to one product', async () => {
    const [mine, other] = [await app.product(), await app.product()];
    const { body: key } = await app.call('POST', '/admin/api-keys', {
      name: 'Bound',
      scopes: ['admin'],
      product_id: mine,
    });
    const bound = { authorization: `Bearer ${key.key}` };
    expect(await create({}, bound)).toMatchObject({ status: 403, body: { code: 'WEBHOOK_BEYOND_PRODUCT' } });
    expect(await create({ product_id: other }, bound)).toMatchObject({
      status: 404,
      body: { code: 'PRODUCT_NOT_FOUND' },
    });
    const own = await create({ product_id: mine }, bound);
    expect(own).toMatchObject({ status: 201 });
    const foreign = await create({ product_id: other });
    const path = `/admin/webhooks/${foreign.body.id}`;
    const calls: [string, string, unknown?][] = [
      ['GET', path],
      ['PATCH', path, { active: false }],
      ['DELETE', path],
      ['POST', `${path}/rotate-secret`],
      ['GET', `${path}/deliveries`],
    ];
    for (const [method, at, body] of calls) {
      expect(await app.call(method, at, body, bound)).toMatchObject({
        status: 404,
        body: { code: 'WEBHOOK_NOT_FOUND' },
      });
    }
    const { body: list } = await app.call('GET', '/admin/webhooks', undefined, bound);
    expect(list.data.map(({ id }: { id: string }) => id)).toEqual([own.body.id]);
  });

  it('require the scope admin', async () => {
    const { body: key } = await app.call('POST', '/admin/api-keys', { name: 'Small', scopes: ['licenses:write'] });
    expect(await create({}, { authorization: `Bearer ${key.key}` })).toMatchObject({ status: 403 });
    expect(await create({}, { authorization: undefined })).toMatchObject({ status: 401 });
    expect(await create({}, { authorization: `Bearer ${ADMIN_KEY}` })).toMatchObject({ status: 201 });
  });

  it('are changed field by field, at the version that was read', async () => {
    const { body: made } = await create({ description: 'before' });
    const patch = (body: unknown, headers = {}) => app.call('PATCH', `/admin/webhooks/${made.id}`, body, headers);
    expect(await patch({ description: null })).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { description: null, url: URL },
    });
    expect(await patch({ active: false }, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
    expect(await patch({ active: false })).toMatchObject({
      status: 200,
      body: { active: false, disabled_reason: 'operator' },
    });
    expect(await patch({ active: true, events: ['plan.*'] })).toMatchObject({
      status: 200,
      body: { active: true, disabled_reason: null, events: ['plan.*'] },
    });
    expect(await patch({ url: 'http://10.0.0.1/' })).toMatchObject({ status: 400, body: { code: 'ADDRESS_REFUSED' } });
    expect(await patch({ product_id: null })).toMatchObject({ status: 400 });
  });

  it('disappear when they are deleted', async () => {
    const { body: made } = await create({});
    expect(await app.call('DELETE', `/admin/webhooks/${made.id}`)).toMatchObject({ status: 204 });
    expect(await app.call('GET', `/admin/webhooks/${made.id}`)).toMatchObject({ status: 404 });
    expect(await app.call('DELETE', `/admin/webhooks/${made.id}`)).toMatchObject({ status: 404 });
  });
});
