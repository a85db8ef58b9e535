import { eventually } from '../support/app.ts';
import { type Fields, startUsageWorld, type UsageWorld } from './usage.harness.ts';

describe('usage over HTTP', () => {
  let world: UsageWorld;
  let names = 0;
  beforeAll(async () => {
    world = await startUsageWorld();
  });
  afterAll(() => world.close());

  it('is counted up to the limit; a refusal tells the remaining quantity and the time of the next reset', async () => {
    const { issue, use, told } = world;
    const license = await issue({ feature: 'calls', value: 10, quota_unit: 'calls' });
    const first = await use(license, 7, { metadata: { project: 'alpha' } });
    expect(first).toMatchObject({
      status: 200,
      body: { accepted: true, used: 7, limit: 10, remaining: 3, available: 3, period: 'monthly', overage: false },
    });
    const { body } = first as { body: Record<string, string> };
    expect(body['resets_at']).toMatch(/^\d{4}-\d\d-01T00:00:00\.000Z$/);
    const refused = await use(license, 4);
    expect(refused).toMatchObject({
      status: 429,
      body: { code: 'QUOTA_EXCEEDED', used: 7, limit: 10, remaining: 3, resets_at: body['resets_at'] },
    });
    const wait = Date.parse(String(body['resets_at'])) - Date.now();
    expect(Math.abs(Number(refused.headers['retry-after']) * 1000 - wait)).toBeLessThan(5_000);
    expect(await use(license, 3)).toMatchObject({ status: 200, body: { used: 10, remaining: 0 } });
    for (let n = 0; n < 3; n++) expect(await use(license)).toMatchObject({ status: 429 });
    expect(await told(license, 'usage.recorded')).toBe(2);
    expect([await told(license, 'quota.warning'), await told(license, 'quota.exceeded')]).toEqual([1, 1]);
  });

  it('never exceeds the limit under two hundred concurrent requests', async () => {
    const { issue, keyed, use, told } = world;
    const license = await issue({ feature: 'calls', value: 37 });
    const replies = await Promise.all(Array.from({ length: 200 }, () => use(license)));
    const of = (status: number): number => replies.filter((reply) => reply.status === status).length;
    expect([of(200), of(429)]).toEqual([37, 163]);
    expect(await told(license, 'quota.exceeded')).toBe(1);
    const { body } = await keyed('/license/usage/status', license, {});
    expect(body).toMatchObject({ usage: { calls: { used: 37, remaining: 0 } } });
  });

  it('allows none for 0 and any number for null; overage is marked; a lifetime quota never resets', async () => {
    const { issue, use } = world;
    const license = await issue(
      { feature: 'calls', value: 0 },
      { feature: 'free', value: null },
      { feature: 'soft', value: 10, overage: '1.5', quota_period: 'lifetime' },
    );
    expect(await use(license)).toMatchObject({ status: 429, body: { remaining: 0, limit: 0 } });
    const most = Number.MAX_SAFE_INTEGER;
    for (const times of [1, 2])
      expect(await use(license, most, { feature: 'free' })).toMatchObject({
        status: 200,
        body: { used: times * most, limit: null, remaining: null },
      });
    expect(await use(license, 12, { feature: 'soft' })).toMatchObject({
      status: 200,
      body: { overage: true, used: 12, remaining: 0, available: 3, resets_at: null },
    });
    const refused = await use(license, 4, { feature: 'soft' });
    expect(refused).toMatchObject({ status: 429, body: { resets_at: null, available: 3 } });
    expect(refused.headers).not.toHaveProperty('retry-after');
  });

  it.each([0, -1, 1.5, '1', null, true, 2 ** 53, '1e3', [], {}].map((quantity) => [quantity]))(
    'of quantity %p is refused',
    async (quantity) => {
      const { issue, use, told } = world;
      const license = await issue({ feature: 'calls', value: 10 });
      expect(await use(license, quantity as number)).toMatchObject({ status: 400 });
      expect(await told(license, 'usage.recorded')).toBe(0);
    },
  );

  it('with numbers in a raw body that JSON cannot represent is refused', async () => {
    const { app, issue } = world;
    const license = await issue({ feature: 'calls', value: 10 });
    for (const quantity of ['NaN', '1e309', '-0', '9007199254740992', '0x1', '1.0000000000000002'])
      expect(
        await app.call(
          'POST',
          '/license/usage',
          `{"license_key":"${String(license['license_key'])}","feature":"calls","quantity":${quantity}}`,
          { authorization: undefined },
        ),
      ).toMatchObject({ status: 400 });
  });

  it('requires an existing, usable license with the quota', async () => {
    const { issue, keyed, use, on, told } = world;
    const license = await issue({ feature: 'calls', value: 10 }, { feature: 'cloud', value_type: 'bool', value: true });
    for (const feature of ['nothing', 'cloud'])
      expect(await use(license, 1, { feature })).toMatchObject({
        status: 404,
        body: { code: 'ENTITLEMENT_NOT_FOUND' },
      });
    expect(await use({ license_key: 'AAAA-BBBB' })).toMatchObject({ status: 404, body: { code: 'LICENSE_NOT_FOUND' } });
    expect(await use(license)).toMatchObject({ status: 200 });
    for (const [action, code] of [
      ['suspend', 'LICENSE_SUSPENDED'],
      ['revoke', 'LICENSE_REVOKED'],
    ] as const) {
      await on(license, 'POST', `/${action}`, {});
      expect(await use(license)).toMatchObject({ status: 409, body: { code } });
      expect(await keyed('/license/usage/status', license, {})).toMatchObject({ status: 409, body: { code } });
      expect(await keyed('/license/entitlements', license, {})).toMatchObject({ status: 409, body: { code } });
    }
    expect(await told(license, 'usage.recorded')).toBe(1);
  });

  it('is recorded with a license key, or with an API key and the id of the license', async () => {
    const { app, issue } = world;
    const license = await issue({ feature: 'calls', value: 10 });
    const { id, license_key } = license;
    const body = { license_id: id, feature: 'calls', quantity: 1 };
    expect(await app.call('POST', '/license/usage', body)).toMatchObject({ status: 200, body: { used: 1 } });
    expect(await app.call('POST', '/license/usage', body, { authorization: undefined })).toMatchObject({ status: 401 });
    const neither = { feature: 'calls', quantity: 1 };
    for (const bad of [neither, { ...neither, license_id: id, license_key }])
      expect(await app.call('POST', '/license/usage', bad)).toMatchObject({ status: 400 });
    const other = await app.create('/admin/products', { name: 'O', slug: `other-${names++}`, type: 'saas' });
    const bound = await app.create('/admin/api-keys', {
      name: 'b',
      scopes: ['licenses:write'],
      product_id: other['id'],
    });
    const reader = await app.create('/admin/api-keys', { name: 'r', scopes: ['releases:write'] });
    const as = (key: Fields) => ({ authorization: `Bearer ${String(key['key'])}` });
    expect(await app.call('POST', '/license/usage', body, as(bound))).toMatchObject({
      status: 404,
      body: { code: 'LICENSE_NOT_FOUND' },
    });
    expect(await app.call('POST', '/license/usage', body, as(reader))).toMatchObject({ status: 403 });
  });

  it('counts in the period of its timestamp, within limits', async () => {
    const { issue, use } = world;
    const license = await issue({ feature: 'calls', value: 10, quota_period: 'daily' });
    const day = 86_400_000;
    const at = (offset: number) => ({ timestamp: new Date(Date.now() + offset).toISOString() });
    expect(await use(license, 9, at(-day))).toMatchObject({ status: 200, body: { used: 9 } });
    expect(await use(license, 9)).toMatchObject({ status: 200, body: { used: 9 } });
    for (const offset of [-5 * day, 6 * 60_000])
      expect(await use(license, 1, at(offset))).toMatchObject({
        status: 400,
        body: { code: 'TIMESTAMP_OUT_OF_RANGE' },
      });
    expect(await use(license, 1, { timestamp: '2026-13-01T00:00:00Z' })).toMatchObject({ status: 400 });
  });

  it('with an Idempotency-Key is counted once, and gets the same answer', async () => {
    const { issue, use, told } = world;
    const license = await issue({ feature: 'calls', value: 10 });
    const headers = { 'idempotency-key': `usage-${names++}` };
    const first = await use(license, 6, {}, headers);
    const again = await Promise.all([use(license, 6, {}, headers), use(license, 6, {}, headers)]);
    for (const reply of again) expect([200, 409]).toContain(reply.status);
    expect((await use(license, 6, {}, headers)).body).toEqual(first.body);
    expect(await use(license, 5, {}, headers)).toMatchObject({ status: 422 });
    const refusal = { 'idempotency-key': `usage-${names++}` };
    const refused = await use(license, 6, {}, refusal);
    expect(refused).toMatchObject({ status: 429, body: { used: 6 } });
    await use(license, 4);
    expect((await use(license, 6, {}, refusal)).body).toEqual(refused.body);
    expect(await told(license, 'usage.recorded')).toBe(2);
  });

  it('appears in the entitlements of a license, in verifications and on request', async () => {
    const { issue, keyed, use } = world;
    const license = await issue({ feature: 'calls', value: 10 }, { feature: 'cloud', value_type: 'bool', value: true });
    const verified = async (): Promise<unknown> =>
      (await keyed('/license/verify', license, { identifier: 'device' })).body;
    const calls = (used: number) => ({ value_type: 'quota', value: 10, used, limit: 10, remaining: 10 - used });
    await keyed('/license/activate', license, { identifier: 'device' });
    expect(await verified()).toMatchObject({ entitlements: { calls: calls(0), cloud: { value: true } } });
    await use(license, 4);
    // If nothing was used, that result is cached for a second.
    await eventually(async () => {
      const { entitlements } = (await verified()) as { entitlements: { calls: { used: number } } };
      return entitlements.calls.used === 4;
    });
    await use(license, 1);
    expect(await verified()).toMatchObject({ entitlements: { calls: calls(5) } });
    const all = await keyed('/license/entitlements', license, {});
    expect(all).toMatchObject({
      status: 200,
      body: {
        license_id: license['id'],
        entitlements: { calls: { ...calls(5), overage: 'none' }, cloud: { value_type: 'bool', value: true } },
      },
    });
    const one = await keyed('/license/entitlements', license, { feature: 'cloud' });
    expect(Object.keys((one.body as { entitlements: object }).entitlements)).toEqual(['cloud']);
    for (const path of ['/license/entitlements', '/license/usage/status'])
      expect(await keyed(path, license, { feature: 'constructor' })).toMatchObject({
        status: 404,
        body: { code: 'ENTITLEMENT_NOT_FOUND' },
      });
  });

  it('follows add-ons, overrides and changes of plan', async () => {
    const { app, issue, use, on, product } = world;
    const license = await issue({ feature: 'calls', value: 1 });
    const more = await app.create(`/admin/products/${product}/add-ons`, {
      slug: `more-${names++}`,
      feature: 'calls',
      value: 4,
    });
    expect(await use(license, 2)).toMatchObject({ status: 429 });
    await on(license, 'POST', `/add-ons/${String(more['id'])}`);
    expect(await use(license, 2)).toMatchObject({ status: 200, body: { limit: 5, used: 2 } });
    await on(license, 'PUT', '/entitlements/calls', { value: 2 });
    expect(await use(license)).toMatchObject({ status: 429, body: { limit: 2, used: 2, remaining: 0 } });
    await on(license, 'DELETE', '/entitlements/calls');
    expect(await use(license, 3)).toMatchObject({ status: 200, body: { used: 5 } });
  });
});
