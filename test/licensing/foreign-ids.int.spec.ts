import { type Operation, operationsOf } from '../support/operations.ts';
import { type Fields, type Licensing, startLicensing } from './harness.ts';

describe('ids of another product', () => {
  let app: Licensing;
  let license: Fields;
  let operations: Operation[];

  beforeAll(async () => {
    app = await startLicensing({ product: { type: 'hybrid' }, plan: { max_activations: null } });
    license = await app.issue();
    operations = operationsOf((await app.call('GET', '/api/v1/openapi.json')).body as object);
  });
  afterAll(() => app.close());

  it('answer 404 at every address of the API, for reads and changes, to a key bound to a product', async () => {
    const foreign = await app.create('/admin/products', { name: 'Other', slug: 'other', type: 'hybrid' });
    const { key } = await app.create('/admin/api-keys', {
      name: 'bound',
      scopes: ['admin'],
      product_id: foreign['id'],
    });
    const ids: Readonly<Record<string, unknown>> = {
      products: app.product['id'],
      plans: app.plan['id'],
      licenses: license['id'],
    };
    const before = await app.call('GET', `/admin/licenses/${String(license['id'])}/events?limit=200`);
    const about = operations.filter(({ path }) => /^\/admin\/(products|plans|licenses)\/\{id\}/.test(path));
    expect(about.length).toBeGreaterThan(20);
    const wrong: unknown[] = [];
    for (const { method, path, body } of about) {
      const named = path.replace('{id}', String(ids[path.split('/')[2] ?? '']));
      const reply = await app.call(method, named, body, { authorization: `Bearer ${String(key)}` });
      if (reply.status !== 404) wrong.push([method, path, reply.status, reply.body]);
    }
    expect(wrong).toEqual([]);
    expect((await app.call('GET', `/admin/licenses/${String(license['id'])}/events?limit=200`)).body).toEqual(
      before.body,
    );
  });
});
