import { decodeJwt } from 'jose';
import { type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';

type Fields = Record<string, unknown>;

describe('entitlements over HTTP', () => {
  let app: TestApp;
  let product: string;
  let count = 0;

  const newPlan = async (): Promise<string> => {
    const slug = `plan-${++count}`;
    const shape = { product_id: product, name: slug, slug, license_type: 'perpetual', license_model: 'standard' };
    return String((await app.create('/admin/plans', shape))['id']);
  };
  const grant = (plan: string, body: Fields): Promise<Fields> => app.create(`/admin/plans/${plan}/entitlements`, body);
  const issue = (plan_id: string): Promise<Fields> =>
    app.create('/admin/licenses', { product_id: product, plan_id, email: `user${++count}@example.com` });
  const newAddOn = async (body: Fields): Promise<string> =>
    String((await app.create(`/admin/products/${product}/add-ons`, { slug: `add-on-${++count}`, ...body }))['id']);
  const verify = async (license: Fields, over: Fields = {}): Promise<Fields> => {
    const body = { license_key: license['license_key'], ...over };
    return (await app.call('POST', '/license/verify', body, { authorization: undefined })).body as Fields;
  };
  const on = (license: Fields, method: string, path: string, body?: unknown): Promise<Reply> =>
    app.call(method, `/admin/licenses/${String(license['id'])}${path}`, body);

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService] });
    product = String((await app.create('/admin/products', { name: 'Cloud', slug: 'cloud', type: 'saas' }))['id']);
  });
  afterAll(() => app.close());

  it('of a plan are added, listed, changed and removed, guarded by ETags', async () => {
    const plan = await newPlan();
    const path = `/admin/plans/${plan}/entitlements`;
    const calls = await grant(plan, { feature: 'calls', value_type: 'quota', value: 0 });
    expect(calls).toEqual({
      feature: 'calls',
      value_type: 'quota',
      value: 0,
      quota_period: 'monthly',
      quota_unit: null,
      stripe_meter_event_name: null,
      overage: 'none',
    });
    expect(await app.call('POST', path, { feature: 'calls', value_type: 'bool', value: true })).toMatchObject({
      status: 409,
      body: { code: 'ENTITLEMENT_EXISTS' },
    });
    await grant(plan, { feature: 'a.flag', value_type: 'bool', value: false });
    const { body } = await app.call('GET', path);
    expect(body).toMatchObject({ data: [{ feature: 'a.flag', value: false }, { feature: 'calls' }] });
    const read = await app.call('GET', `/admin/plans/${plan}`);
    const changed = await app.call(
      'PATCH',
      `${path}/calls`,
      { value: null, overage: '1.5' },
      { 'if-match': String(read.headers['etag']) },
    );
    expect(changed).toMatchObject({ status: 200, body: { value: null, overage: '1.5', quota_period: 'monthly' } });
    const stale = { 'if-match': String(read.headers['etag']) };
    expect(await app.call('PATCH', `${path}/calls`, { value: 1 }, stale)).toMatchObject({ status: 412 });
    expect(await app.call('DELETE', `${path}/calls`)).toMatchObject({ status: 204 });
    expect(await app.call('DELETE', `${path}/calls`)).toMatchObject({
      status: 404,
      body: { code: 'ENTITLEMENT_NOT_FOUND' },
    });
  });

  it.each([
    { feature: 'Calls', value_type: 'quota', value: 1 },
    { feature: '__proto__', value_type: 'quota', value: 1 },
    { feature: 'x', value_type: 'quota', value: -1 },
    { feature: 'x', value_type: 'quota', value: 1.5 },
    { feature: 'x', value_type: 'quota', value: '1' },
    { feature: 'x', value_type: 'bool', value: null },
    { feature: 'x', value_type: 'bool', value: 0 },
    { feature: 'x', value_type: 'string', value: 5 },
    { feature: 'x', value_type: 'int', value: 1, quota_period: 'daily' },
    { feature: 'x', value_type: 'quota', value: 1, overage: '3' },
    { feature: 'x', value_type: 'quota', value: 1, quota_period: 'weekly' },
    { feature: 'x', value_type: 'quota' },
    { feature: 'x', value_type: 'quota', value: 1, used: 0 },
  ])('are refused when they are wrong: %p', async (body) => {
    expect(await app.call('POST', `/admin/plans/${await newPlan()}/entitlements`, body)).toMatchObject({ status: 400 });
  });

  it('refuses numbers that are too large for JSON, also as text', async () => {
    const path = `/admin/plans/${await newPlan()}/entitlements`;
    for (const number of ['9007199254740992', '1e309', 'NaN']) {
      const body = `{"feature":"x","value_type":"quota","value":${number}}`;
      expect(await app.call('POST', path, body)).toMatchObject({ status: 400 });
    }
  });

  it('combines plan, add-ons and overrides for verification, leases and administrators', async () => {
    const plan = await newPlan();
    await grant(plan, { feature: 'projects', value_type: 'int', value: 3 });
    await grant(plan, { feature: 'cloud', value_type: 'bool', value: false });
    const license = await issue(plan);
    const told = async (): Promise<unknown> => {
      const verdict = await verify(license);
      const lease = decodeJwt(String(verdict['token']));
      expect(lease['entitlements']).toEqual(verdict['entitlements']);
      return Object.fromEntries(
        Object.entries(verdict['entitlements'] as Record<string, Fields>).map(([feature, { value }]) => [
          feature,
          value,
        ]),
      );
    };
    expect(await told()).toEqual({ projects: 3, cloud: false });
    const more = await newAddOn({ feature: 'projects', value: 2 });
    const cloud = await newAddOn({ feature: 'cloud', value: true });
    for (const id of [more, cloud]) expect(await on(license, 'POST', `/add-ons/${id}`)).toMatchObject({ status: 200 });
    expect(await told()).toEqual({ projects: 5, cloud: true });
    await app.call('PATCH', `/admin/products/${product}/add-ons/${more}`, { value: 10, active: false });
    expect(await told()).toEqual({ projects: 13, cloud: true });
    const override = await on(license, 'PUT', '/entitlements/projects', { value: null, reason: 'a friend' });
    expect(override).toMatchObject({
      status: 200,
      body: { value: null, sources: [{ type: 'override', value: null }] },
    });
    expect(await told()).toEqual({ projects: null, cloud: true });
    expect((await on(license, 'GET', '/entitlements')).body).toMatchObject({
      add_ons: [more, cloud].sort(),
      data: [
        {
          feature: 'cloud',
          value: true,
          sources: [
            { type: 'plan', value: false },
            { type: 'add_on', id: cloud },
          ],
        },
        { feature: 'projects', value: null },
      ],
    });
    expect(await on(license, 'DELETE', '/entitlements/projects')).toMatchObject({ status: 204 });
    expect(await on(license, 'DELETE', `/add-ons/${more}`)).toMatchObject({ status: 204 });
    expect(await told()).toEqual({ projects: 3, cloud: true });
    await app.call('PATCH', `/admin/plans/${plan}/entitlements/projects`, { value: 0 });
    expect(await told()).toEqual({ projects: 0, cloud: true });
    const other = await issue(plan);
    expect(await on(other, 'POST', `/add-ons/${more}`)).toMatchObject({
      status: 409,
      body: { code: 'ADD_ON_INACTIVE' },
    });
  });

  it('that are missing or false fail a verification that requires them', async () => {
    const plan = await newPlan();
    await grant(plan, { feature: 'export', value_type: 'bool', value: true });
    await grant(plan, { feature: 'cloud', value_type: 'bool', value: false });
    const license = await issue(plan);
    expect(await verify(license, { entitlements: ['export'] })).toMatchObject({ code: 'VALID' });
    for (const missing of ['cloud', 'nothing', 'constructor'])
      expect(await verify(license, { entitlements: ['export', missing] })).toMatchObject({
        valid: false,
        code: 'ENTITLEMENT_MISSING',
        token: null,
      });
  });

  it('does not find add-ons of other products or with unknown ids', async () => {
    const other = await app.create('/admin/products', { name: 'Other', slug: 'other', type: 'desktop' });
    const foreign = await app.create(`/admin/products/${String(other['id'])}/add-ons`, {
      slug: 'foreign',
      feature: 'x',
      value: 1,
    });
    const license = await issue(await newPlan());
    expect(await on(license, 'POST', `/add-ons/${String(foreign['id'])}`)).toMatchObject({
      status: 404,
      body: { code: 'ADD_ON_NOT_FOUND' },
    });
    const through = `/admin/products/${product}/add-ons/${String(foreign['id'])}`;
    expect(await app.call('GET', through)).toMatchObject({ status: 404 });
    expect(await app.call('PATCH', through, { value: 2 })).toMatchObject({ status: 404 });
  });

  it('keeps slugs of add-ons unique within a product', async () => {
    const path = `/admin/products/${product}/add-ons`;
    const body = { slug: 'twin', feature: 'x', value: null };
    const twins = await Promise.all([app.call('POST', path, body), app.call('POST', path, body)]);
    expect(twins.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect((await app.call('GET', `${path}?limit=1`)).body).toMatchObject({ data: [{ slug: 'twin', value: null }] });
  });

  it('do not change after a license is revoked', async () => {
    const license = await issue(await newPlan());
    const addOn = await newAddOn({ feature: 'x', value: 1 });
    await on(license, 'POST', '/revoke', {});
    for (const reply of [
      await on(license, 'POST', `/add-ons/${addOn}`),
      await on(license, 'PUT', '/entitlements/x', { value: 1 }),
    ])
      expect(reply).toMatchObject({ status: 409, body: { code: 'LICENSE_REVOKED' } });
  });
});
