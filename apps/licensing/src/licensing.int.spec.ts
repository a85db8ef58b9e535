import pg from 'pg';
import { ADMIN_KEY } from '../../../test/support/app.ts';
import { type Licensing, startLicensing } from '../../../test/licensing/harness.ts';

describe('licensing over HTTP', () => {
  let app: Licensing;

  beforeAll(async () => {
    app = await startLicensing({ plan: { max_activations: 5 } });
  });
  afterAll(() => app.close());

  describe('access', () => {
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

    it('hides objects of other products from an API key of one product', async () => {
      const other = await app.create('/admin/products', { name: 'Other', slug: 'other', type: 'desktop' });
      const bound = await keyFor(['admin'], other['id']);
      const license = await app.issue();
      const get = async (path: string): Promise<number> => (await app.call('GET', path, undefined, bound)).status;
      expect(await get(`/admin/products/${String(app.product['id'])}`)).toBe(404);
      expect(await get(`/admin/plans/${String(app.plan['id'])}`)).toBe(404);
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

  it('stores no key or personal data in clear text in the log', async () => {
    const license = await app.issue({ email: 'secret.person@example.com', name: 'Secret Person' });
    await app.activate(license, 'secret-machine');
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
