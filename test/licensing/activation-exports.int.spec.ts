import { request } from 'undici';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { ADMIN_KEY, startApp, type TestApp } from '../support/app.ts';

type Fields = Record<string, unknown>;

/** More licenses than one read returns. */
const LICENSES = 230;

describe('activations of all licenses', () => {
  let app: TestApp;
  const products: string[] = [];
  /** The activations that each license lists itself: by license, newest first. */
  const expected = new Map<string, Fields[]>();

  const issue = async (product_id: string, devices: number): Promise<string> => {
    const shape = { license_type: 'perpetual', license_model: 'standard', max_activations: null };
    const plan = (plans[product_id] ??= app.create('/admin/plans', { product_id, name: 'Pro', slug: 'pro', ...shape }));
    const plan_id = (await plan)['id'];
    const { id, license_key } = await app.create('/admin/licenses', { product_id, plan_id, email: 'ada@example.com' });
    for (let n = 0; n < devices; n++)
      await app.create(
        '/license/activate',
        { license_key, identifier: `d${n}`, label: '=1+1' },
        { authorization: undefined },
      );
    return String(id);
  };
  const plans: Record<string, Promise<Fields>> = {};
  const file = async (query: string): Promise<string[]> => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const answer = await request(`${app.url}/api/v1/admin/activations?${query}`, { headers });
    expect(answer.statusCode).toBe(200);
    return (await answer.body.text()).trim().split('\n');
  };
  const paged = async (query: string): Promise<Fields[]> => {
    const all: Fields[] = [];
    for (let cursor = ''; ;) {
      const { status, body } = await app.call('GET', `/admin/activations?${query}${cursor}`);
      expect(status).toBe(200);
      all.push(...(body.data as Fields[]));
      if (body.next_cursor === null) return all;
      cursor = `&cursor=${body.next_cursor}`;
    }
  };

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService] });
    for (const slug of ['one', 'other'])
      products.push(String((await app.create('/admin/products', { name: slug, slug, type: 'desktop' }))['id']));
    const [one = '', other = ''] = products;
    const ids = [await issue(one, 3), await issue(other, 2), await issue(one, 0)];
    for (let n = 0; n < LICENSES; n += 10)
      ids.push(...(await Promise.all(Array.from({ length: 10 }, () => issue(one, 1)))));
    const gone = await app.call('GET', `/admin/licenses/${ids[0]}/activations`);
    await app.call('DELETE', `/admin/licenses/${ids[0]}/activations/${gone.body.data[1].id}`);
    for (const id of ids.sort().reverse())
      expected.set(id, (await app.call('GET', `/admin/licenses/${id}/activations`)).body.data as Fields[]);
  });
  afterAll(() => app.close());

  it('are exported to a file as their license shows them, without removed ones', async () => {
    const lines = (await file('format=ndjson')).map((line) => JSON.parse(line) as Fields);
    expect(lines).toEqual([...expected.values()].flat());
    expect(lines).toHaveLength(LICENSES + 4);
  });

  it('are exported as CSV without formulas, optionally of one product', async () => {
    const [heading, ...lines] = await file(`format=csv&product_id=${products[1]}`);
    expect(heading).toMatch(/^id,license_id,product_id,identifier,/);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toContain(`,'=1+1,`);
  });

  it.each([1, 2, 7, 200])('are listed page by page, %d per page', async (limit) => {
    const query = limit < 7 ? `limit=${limit}&product_id=${products[1]}` : `limit=${limit}`;
    const wanted = [...expected.values()].flat();
    expect(await paged(query)).toEqual(
      limit < 7 ? wanted.filter(({ product_id }) => product_id === products[1]) : wanted,
    );
  });

  it('are limited to the product of a product key', async () => {
    const { key } = await app.create('/admin/api-keys', { name: 'bound', scopes: ['admin'], product_id: products[1] });
    const { body } = await app.call('GET', '/admin/activations', undefined, { authorization: `Bearer ${String(key)}` });
    expect((body.data as Fields[]).map(({ product_id }) => product_id)).toEqual([products[1], products[1]]);
  });

  it('have their own cursors', async () => {
    const { body } = await app.call('GET', '/admin/licenses?limit=1');
    const reply = await app.call('GET', `/admin/activations?cursor=${body.next_cursor}`);
    expect([reply.status, reply.body.code]).toEqual([400, 'INVALID_CURSOR']);
  });
});
