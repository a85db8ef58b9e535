import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { eventually, type Reply, startApp, type TestApp } from '../support/app.ts';

type Fields = Record<string, unknown>;

const COMPOSED = 'M\u00fcller';
const DECOMPOSED = 'Mu\u0308ller';

/** A time with an offset, and the same time in UTC. */
const LOCAL = '2031-01-01T02:00:00+02:00';
const UTC = '2031-01-01T00:00:00.000Z';

describe('a value that can be written in several ways', () => {
  let app: TestApp;
  let product_id: unknown;
  let plan_id: unknown;
  let count = 0;

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService, webhooksService] });
    ({ id: product_id } = await app.create('/admin/products', { name: 'P', slug: 'p', type: 'hybrid' }));
    const plan = { product_id, name: 'F', slug: 'f', license_type: 'perpetual', license_model: 'floating' };
    ({ id: plan_id } = await app.create('/admin/plans', { ...plan, max_borrow_days: 1 }));
    await app.create(`/admin/plans/${String(plan_id)}/entitlements`, {
      feature: 'calls',
      value_type: 'quota',
      value: 1_000,
      quota_period: 'lifetime',
    });
  });
  afterAll(() => app.close());

  const issue = (over: Fields = {}): Promise<Fields> =>
    app.create('/admin/licenses', { product_id, plan_id, email: `a${++count}@example.com`, ...over });
  const imported = async (over: Fields): Promise<Fields> => {
    const email = `i${++count}@example.com`;
    const line = JSON.stringify({ external_id: email, product_id, plan_id, email, ...over });
    const { body } = await app.call('POST', '/admin/imports', line, { 'content-type': 'application/x-ndjson' });
    const path = `/admin/imports/${String((body as Fields)['id'])}`;
    await eventually(async () => ((await app.call('GET', path)).body as Fields)['status'] === 'finished');
    const { data } = (await app.call('GET', `/admin/licenses?email=${email}`)).body as { data: Fields[] };
    return data[0] ?? {};
  };

  describe('a time with an offset', () => {
    const times = { valid_from: '2030-06-30T23:00:00.1239-01:00', valid_until: '2032-01-01t00:00:00z' };
    const shown = { valid_from: '2030-07-01T00:00:00.123Z', valid_until: '2032-01-01T00:00:00.000Z' };

    it('is stored as that time in UTC when a license is issued, imported and renewed', async () => {
      const license = await issue(times);
      expect(license).toMatchObject(shown);
      expect(await imported(times)).toMatchObject(shown);
      const renewed = await app.call('POST', `/admin/licenses/${String(license['id'])}/renew`, { valid_until: LOCAL });
      expect(renewed).toMatchObject({ status: 200, body: { valid_until: UTC } });
    });

    it('means that time in a query', async () => {
      const { id } = await issue();
      const read = (as_of: string): Promise<Reply> =>
        app.call('GET', `/admin/licenses/${String(id)}?as_of=${encodeURIComponent(as_of)}`);
      expect(await read('2020-01-01T00:00:00+14:00')).toMatchObject({ status: 404 });
      expect(await read('9998-01-01T00:00:00-12:00')).toMatchObject({ status: 200, body: { id } });
      const unescaped = await app.call('GET', `/admin/licenses/${String(id)}?as_of=${LOCAL}`);
      expect(unescaped).toMatchObject({ status: 400, body: { errors: [{ pointer: '?as_of' }] } });
      expect(JSON.stringify(unescaped.body)).toContain('%2B');
    });

    it('means that time when usage is recorded, alone and in a batch, and when it is exported', async () => {
      const { id: license_id } = await issue();
      const here = new Date(Date.now() + 2 * 3_600_000 - 60_000).toISOString().replace('Z', '+02:00');
      const used = { feature: 'calls', quantity: 1, timestamp: here };
      expect((await app.call('POST', '/license/usage', { license_id, ...used })).status).toBe(200);
      const batch = await app.call('POST', '/license/usage/batch', { license_id, records: [used] });
      expect(batch).toMatchObject({ status: 200, body: { results: [{ accepted: true }] } });
      const from = encodeURIComponent(here);
      const list = await app.call('GET', `/admin/usage?format=ndjson&from=${from}`);
      const at = new Date(here).toISOString();
      expect(String(list.body).split(at)).toHaveLength(3);
      const series = `/admin/licenses/${String(license_id)}/usage/series?feature=calls&from=${from}`;
      expect((await app.call('GET', series)).status).toBe(200);
    });

    it('means that time for codes, loans and releases', async () => {
      const codes = { product_id, plan_id, name: 'B', count: 1, redeem_until: LOCAL };
      expect(await app.create('/admin/key-batches', codes)).toMatchObject({ redeem_until: UTC });
      const { license_key } = await issue();
      const borrow_until = new Date(Date.now() + 3 * 3_600_000).toISOString().replace('Z', '+02:00');
      const loan = await app.call('POST', '/license/floating/checkout', { license_key, identifier: 'x', borrow_until });
      expect(loan).toMatchObject({ status: 201, body: { borrowed_until: new Date(borrow_until).toISOString() } });
      const verified = await app.call('POST', '/license/verify', { license_key, identifier: 'x', release_date: LOCAL });
      expect(verified.status).toBe(200);
    });

    it('means that time for webhooks', async () => {
      const { id } = await app.create('/admin/webhooks', { url: 'https://example.com/', events: ['license.*'] });
      const path = `/admin/webhooks/${String(id)}`;
      const since = '2026-01-01T00:00:00+02:00';
      const replay = await app.call('POST', `${path}/replays`, { failed_since: since });
      expect(replay).toMatchObject({ status: 202, body: { failed_since: '2025-12-31T22:00:00.000Z' } });
      expect((await app.call('GET', `${path}/deliveries?since=${encodeURIComponent(since)}`)).status).toBe(200);
      expect((await app.call('GET', `${path}/statistics?since=${encodeURIComponent(since)}`)).status).toBe(200);
    });

    it('is documented for requests, and UTC for answers', async () => {
      const { paths, components } = (await app.call('GET', '/openapi.json')).body as {
        paths: Record<string, Record<string, { parameters: unknown; requestBody?: unknown }>>;
        components: { schemas: Record<string, unknown> };
      };
      const asked = Object.values(paths).flatMap((methods) =>
        Object.values(methods).map(({ parameters, requestBody }) => JSON.stringify([parameters, requestBody])),
      );
      expect(asked.filter((text) => text.includes('date-time')).length).toBeGreaterThan(5);
      expect(asked.filter((text) => text.includes('Z$'))).toEqual([]);
      expect(components.schemas['License']).toMatchObject({ properties: { valid_from: { pattern: 'Z$' } } });
    });
  });

  describe('a name', () => {
    const found = async (path: string, q: string): Promise<number> => {
      const { status, body } = await app.call('GET', `/admin/${path}?q=${encodeURIComponent(q)}`);
      expect(status).toBe(200);
      return (body as { data: unknown[] }).data.length;
    };

    it.each([
      ['products', { type: 'saas', slug: 'named' }, 'name'],
      ['plans', { slug: 'named', license_type: 'perpetual', license_model: 'standard' }, 'name'],
      ['licenses', {}, 'name'],
      ['licenses', {}, 'org_name'],
      ['api-keys', { scopes: [] }, 'name'],
      ['webhooks', { url: 'https://example.com/', events: ['*'] }, 'description'],
    ])('is found in %s, composed or not (%j, %s)', async (path, fields, field) => {
      const made = { ...fields, ...(path === 'plans' || path === 'licenses' ? { product_id } : {}) };
      const whole = path === 'licenses' ? { ...made, plan_id, email: `n${++count}@example.com` } : made;
      const before = await found(path, COMPOSED);
      await app.create(`/admin/${path}`, { ...whole, ...('slug' in fields && { slug: 'one' }), [field]: DECOMPOSED });
      await app.create(`/admin/${path}`, { ...whole, ...('slug' in fields && { slug: 'two' }), [field]: COMPOSED });
      expect(await found(path, COMPOSED)).toBe(before + 2);
      expect(await found(path, DECOMPOSED)).toBe(before + 2);
    });

    it('is found after an import, and by a tag', async () => {
      await imported({ name: 'Bjo\u0308rk' });
      expect(await found('licenses', 'Bj\u00f6rk')).toBe(1);
      const hook = { url: 'https://example.com/', events: ['*'], tags: ['u\u0308ber'] };
      const { id } = await app.create('/admin/webhooks', hook);
      expect((await app.call('GET', '/admin/webhooks?tag=%C3%BCber')).body).toMatchObject({ data: [{ id }] });
    });

    it('keeps ideographs that NFC would replace with others', async () => {
      expect(await issue({ name: '\ufa19 Mu\u0308' })).toMatchObject({ name: '\ufa19 M\u00fc' });
    });
  });
});
