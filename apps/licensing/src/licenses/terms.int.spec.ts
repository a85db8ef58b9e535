import { decodeJwt } from 'jose';
import pg from 'pg';
import { eventually, type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';

type Fields = Record<string, unknown>;

const DAY = 86_400_000;

describe('the terms of a license', () => {
  const services = [gatewayService, licensingService];
  let app: TestApp;
  let product: Fields;
  let count = 0;

  const newPlan = (over: Fields = {}): Promise<Fields> =>
    app.create('/admin/plans', {
      product_id: product['id'],
      name: 'Plan',
      slug: `plan-${++count}`,
      license_type: 'subscription',
      license_model: 'standard',
      billing_interval: 'month',
      ...over,
    });
  const asked = (plan: Fields, over: Fields = {}): Fields => ({
    product_id: plan['product_id'],
    plan_id: plan['id'],
    email: `user${++count}@example.com`,
    ...over,
  });
  const issue = (plan: Fields, over: Fields = {}): Promise<Fields> => app.create('/admin/licenses', asked(plan, over));
  const read = async ({ id }: Fields): Promise<Fields> =>
    (await app.call('GET', `/admin/licenses/${String(id)}`)).body as Fields;
  const admin = (license: Fields, action: string, body: Fields = {}, of: TestApp = app): Promise<Reply> =>
    of.call('POST', `/admin/licenses/${String(license['id'])}/${action}`, body);
  const ask = async ({ license_key }: Fields, path: string, body: Fields = {}): Promise<Reply> =>
    app.call('POST', `/license/${path}`, { license_key, identifier: 'a', ...body }, { authorization: undefined });
  const typesOf = async ({ id }: Fields): Promise<unknown[]> =>
    ((await app.call('GET', `/admin/licenses/${String(id)}/events`)).body as { data: Fields[] }).data.map(
      ({ type }) => type,
    );

  beforeAll(async () => {
    app = await startApp({ services });
    product = await app.create('/admin/products', {
      name: 'Studio',
      slug: 'studio',
      type: 'desktop',
      minimum_supported_version: '2.0.0',
      minimum_supported_message: 'Get 2.0 or later.',
    });
  });
  afterAll(() => app.close());

  it('have rules in the plan, which are stored and returned', async () => {
    expect(await newPlan()).toMatchObject({ term_starts: 'issue', renewal_from: 'from_expiry', updates_days: null });
    const plan = await newPlan({ term_starts: 'first_activation', renewal_from: 'from_now', updates_days: 0 });
    const rules = { term_starts: 'first_activation', renewal_from: 'from_now', updates_days: 0 };
    expect(plan).toMatchObject(rules);
    const path = `/admin/plans/${String(plan['id'])}`;
    expect((await app.call('GET', path)).body).toMatchObject(rules);
    expect((await app.call('PATCH', path, { updates_days: 365 })).body).toMatchObject({ updates_days: 365 });
    expect(await app.call('PATCH', path, { license_model: 'floating' })).toMatchObject({
      status: 403,
      body: { code: 'FEATURE_NOT_AVAILABLE' },
    });
  });

  describe('that begin with the first activation', () => {
    it('have no end before it, in the license and in the list, and have one afterwards', async () => {
      const plan = await newPlan({ term_starts: 'first_activation', updates_days: 10 });
      const license = await issue(plan);
      expect(license).toMatchObject({ status: 'active', valid_until: null, term_started_at: null });
      const before = Date.now();
      const activated = await ask(license, 'activate');
      expect(activated.status).toBe(201);
      const { valid_until } = activated.body as { valid_until: string };
      expect(Date.parse(valid_until)).toBeGreaterThan(before + 27 * DAY);
      const now = await read(license);
      expect(now).toMatchObject({ valid_until, status: 'active', activations: 1 });
      const [started, updates] = [String(now['term_started_at']), String(now['updates_until'])];
      expect(Date.parse(updates) - Date.parse(started)).toBe(10 * DAY);
      const listed = await app.call('GET', `/admin/licenses?plan_id=${String(plan['id'])}`);
      expect(listed.body).toMatchObject({ data: [now] });
      expect(await typesOf(license)).toEqual(['license.created', 'activation.added', 'license.term_started']);
    });

    it('begin once if many devices activate at the same time', async () => {
      const plan = await newPlan({ term_starts: 'first_activation', max_activations: null });
      const license = await issue(plan);
      const replies = await Promise.all(
        Array.from({ length: 50 }, (_, n) => ask(license, 'activate', { identifier: `device ${n}` })),
      );
      expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201));
      expect((await typesOf(license)).filter((type) => type === 'license.term_started')).toHaveLength(1);
      const { term_started_at } = await read(license);
      expect(Date.parse(String(term_started_at))).toBeGreaterThan(0);
    });

    it('end automatically like all other terms', async () => {
      const plan = await newPlan({
        license_type: 'trial',
        term_starts: 'first_activation',
        trial_days: 0,
        grace_days: 0,
      });
      const license = await issue(plan);
      expect(await ask(license, 'verify')).toMatchObject({ body: { code: 'NOT_ACTIVATED' } });
      expect((await ask(license, 'activate')).status).toBe(201);
      await eventually(async () => (await read(license))['status'] === 'expired');
      expect((await ask(license, 'verify')).body).toMatchObject({ valid: false, code: 'TRIAL_EXPIRED' });
    });
  });

  describe('with updates for a limited time', () => {
    it('allow releases up to that time, also offline, and refuse later ones', async () => {
      const plan = await newPlan({ license_type: 'perpetual', billing_interval: null, updates_days: 365 });
      const license = await issue(plan);
      await ask(license, 'activate');
      const until = String(license['updates_until']);
      const verify = async (release_date: string, over: Fields = {}): Promise<Fields> =>
        (await ask(license, 'verify', { release_date, ...over })).body as Fields;
      const good = await verify(until, { version: '2.1.0' });
      expect(good).toMatchObject({ valid: true, code: 'VALID', license: { updates_until: until, valid_until: null } });
      expect(decodeJwt(String(good['token']))).toMatchObject({ updates_until: until });
      const after = new Date(Date.parse(until) + 1).toISOString();
      // No message: the license needs a renewal, but the product's message asks for an update.
      expect(await verify(after, { version: '2.1.0' })).toMatchObject({
        valid: false,
        code: 'VERSION_TOO_OLD',
        message: null,
        token: null,
      });
      expect(await verify(until, { version: '1.9.0' })).toMatchObject({
        code: 'VERSION_TOO_OLD',
        message: 'Get 2.0 or later.',
      });
      expect(await admin(license, 'renew')).toMatchObject({ status: 200, body: { valid_until: null } });
      const renewed = await verify(after);
      expect(renewed).toMatchObject({ valid: true, code: 'VALID' });
      expect(renewed['token']).not.toBe(good['token']);
    });

    it('accept an explicit date', async () => {
      const plan = await newPlan({ license_type: 'perpetual', billing_interval: null });
      const license = await issue(plan, { updates_until: '2027-01-01T00:00:00Z' });
      expect(license).toMatchObject({ updates_until: '2027-01-01T00:00:00.000Z' });
      expect((await admin(license, 'renew', { updates_until: null })).body).toMatchObject({ updates_until: null });
      expect((await ask(license, 'verify', { release_date: 'yesterday' })).status).toBe(400);
    });
  });

  describe('of a trial', () => {
    let trial: Fields;
    beforeAll(async () => {
      trial = await newPlan({ license_type: 'trial', trial_days: 14 });
    });

    it('are given once per customer and product, for any spelling of the address, at any instance', async () => {
      const other = await startApp({ services, databaseUrl: app.databaseUrl });
      try {
        const replies = await Promise.all(
          Array.from({ length: 40 }, (_, n) =>
            (n % 2 === 0 ? app : other).call(
              'POST',
              '/admin/licenses',
              asked(trial, { email: n % 3 === 0 ? 'Once.Only@Example.com' : 'once.only@example.com' }),
            ),
          ),
        );
        expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
        for (const { status, body } of replies)
          if (status !== 201) expect(body).toMatchObject({ status: 409, code: 'TRIAL_USED' });
      } finally {
        await other.close();
      }
      const elsewhere = await app.create('/admin/products', { name: 'Other', slug: 'other', type: 'saas' });
      const there = await newPlan({ product_id: elsewhere['id'], license_type: 'trial', trial_days: 14 });
      await issue(there, { email: 'once.only@example.com' });
    });

    it('stay used for a customer whose personal data was forgotten', async () => {
      const license = await issue(trial, { email: 'forget.me@example.com' });
      const client = new pg.Client({ connectionString: app.databaseUrl });
      await client.connect();
      await client.query('delete from licensing.person_keys where person_id = $1', [license['customer_id']]);
      await client.end();
      expect(await app.call('POST', '/admin/licenses', asked(trial, { email: 'forget.me@example.com' }))).toMatchObject(
        {
          status: 409,
          body: { code: 'TRIAL_USED' },
        },
      );
    });

    it('do not block a purchase: of a plan without trial, or with skip_trial', async () => {
      const email = 'buyer@example.com';
      await issue(trial, { email });
      await issue(await newPlan(), { email });
      const withTrial = await newPlan({ trial_days: 14 });
      expect(await app.call('POST', '/admin/licenses', asked(withTrial, { email }))).toMatchObject({
        status: 409,
        body: { code: 'TRIAL_USED' },
      });
      expect(await issue(withTrial, { email, skip_trial: true })).toMatchObject({ status: 'active' });
      expect(await app.call('POST', '/admin/licenses', asked(trial, { skip_trial: true }))).toMatchObject({
        status: 400,
        body: { code: 'INVALID_TERM' },
      });
    });

    it('are given once by an import, which reports the reason for the other lines', async () => {
      const line = (n: number): string =>
        JSON.stringify({ ...asked(trial, { email: 'imported@example.com' }), external_id: `trial-${n}` });
      const file = [1, 2, 3].map(line).join('\n');
      const sent = await app.call('POST', '/admin/imports', file, { 'content-type': 'application/x-ndjson' });
      const path = `/admin/imports/${String((sent.body as Fields)['id'])}`;
      const done = await eventually(async () => {
        const now = (await app.call('GET', path)).body as Fields;
        return now['status'] === 'finished' && now;
      });
      expect(done).toMatchObject({ issued: 1, refused: 2 });
      const report = String((await app.call('GET', `${path}/report`)).body);
      expect(report.match(/TRIAL_USED/g)).toHaveLength(2);
    });

    it('are not given again by a change of plan or a transfer', async () => {
      const [ada, grace] = ['ada.tried@example.com', 'grace.tried@example.com'];
      const [one, two] = [await issue(trial, { email: ada }), await issue(trial, { email: grace })];
      const full = await issue(await newPlan(), { email: ada });
      expect(await admin(full, 'change-plan', { plan_id: trial['id'] })).toMatchObject({
        status: 409,
        body: { code: 'TRIAL_USED' },
      });
      expect(await admin(one, 'transfer', { email: grace })).toMatchObject({
        status: 409,
        body: { code: 'TRIAL_USED' },
      });
      expect(await read(one)).toMatchObject({ email: ada });
      expect((await admin(two, 'transfer', { email: 'new.to.it@example.com' })).status).toBe(200);
    });
  });

  describe('do not change when the license is transferred', () => {
    it('to another person; the new address is encrypted with the key of that person', async () => {
      const license = await issue(await newPlan(), { email: 'old.owner@example.com', name: 'Old Owner', notes: 'vip' });
      await ask(license, 'activate');
      const moved = await admin(license, 'transfer', { email: 'New.Owner@example.com', org_name: 'New Org' });
      const { license_key: _key, ...before } = license;
      expect(moved).toMatchObject({ status: 200, headers: { etag: '"3"' } });
      expect(moved.body).toEqual({
        ...before,
        customer_id: (moved.body as Fields)['customer_id'],
        email: 'New.Owner@example.com',
        name: null,
        org_name: 'New Org',
        activations: 1,
      });
      expect((moved.body as Fields)['customer_id']).not.toBe(license['customer_id']);
      expect(await read(license)).toEqual(moved.body);
      expect((await ask(license, 'verify')).body).toMatchObject({ code: 'VALID' });
      const listed = await app.call('GET', '/admin/licenses?email=new.owner@example.com');
      expect(listed.body).toMatchObject({ data: [moved.body] });
      const published = await eventually(async () => {
        const told = JSON.stringify((await app.call('GET', '/events?types=license.transferred')).body);
        return told.includes(String(license['id'])) && told;
      });
      expect(published).toContain(license['customer_id']);
      expect(published).not.toMatch(/example\.com|New Org/);
    });

    it('and its activations are removed if the request says so', async () => {
      const license = await issue(await newPlan());
      await ask(license, 'activate');
      const moved = await admin(license, 'transfer', { email: 'heir@example.com', release_activations: true });
      expect(moved.body).toMatchObject({ activations: 0 });
      expect((await ask(license, 'verify')).body).toMatchObject({ code: 'NOT_ACTIVATED' });
    });

    it('and a transfer is refused for a revoked license, or with an API key of another product', async () => {
      const license = await issue(await newPlan());
      await admin(license, 'revoke');
      expect(await admin(license, 'transfer', { email: 'heir@example.com' })).toMatchObject({
        status: 409,
        body: { code: 'LICENSE_REVOKED' },
      });
      const foreign = await app.create('/admin/products', { name: 'Foreign', slug: 'foreign', type: 'saas' });
      const { key } = await app.create('/admin/api-keys', {
        name: 'k',
        scopes: ['licenses:write'],
        product_id: foreign['id'],
      });
      const path = `/admin/licenses/${String(license['id'])}/transfer`;
      const reply = await app.call(
        'POST',
        path,
        { email: 'x@example.com' },
        { authorization: `Bearer ${String(key)}` },
      );
      expect(reply).toMatchObject({ status: 404, body: { code: 'LICENSE_NOT_FOUND' } });
    });
  });
});
