import { type Reply, soon, startApp, type TestApp } from '../../../../test/support/app.ts';
import { type Fields, type Licensing, SERVICES, startLicensing } from '../../../../test/licensing/harness.ts';

describe('the key of a license', () => {
  let app: Licensing;
  let other: TestApp;

  const codeOf = async (license_key: unknown, of: TestApp = app): Promise<unknown> =>
    ((await app.ask('verify', { license_key, identifier: 'device' }, of)).body as Fields)['code'];
  const rotate = (license: Fields, headers: Record<string, string> = {}): Promise<Reply> =>
    app.call('POST', `/admin/licenses/${String(license['id'])}/rotate-key`, { reason: 'it got out' }, headers);

  beforeAll(async () => {
    app = await startLicensing();
    other = await startApp({ services: SERVICES, databaseUrl: app.databaseUrl });
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });

  it('is rotated: the old key is refused here immediately, and at other instances within a second', async () => {
    const license = await app.issue();
    const old = license['license_key'];
    await app.call('POST', '/license/activate', { license_key: old, identifier: 'device' });
    for (const instance of [app, other]) expect(await codeOf(old, instance)).toBe('VALID');

    const { status, body, headers } = await rotate(license);
    expect({ status, etag: headers['etag'] }).toEqual({ status: 200, etag: '"3"' });
    const { license_key, ...rest } = body as Fields;
    expect(license_key).toMatch(/^ACME-/);
    expect(license_key).not.toBe(old);
    const { license_key: _old, ...before } = license;
    expect(rest).toEqual({ ...before, activations: 1 });

    expect(await codeOf(old)).toBe('NOT_FOUND');
    for (const instance of [app, other]) expect(await codeOf(license_key, instance)).toBe('VALID');
    await soon(async () => (await codeOf(old, other)) === 'NOT_FOUND');
    expect((await app.call('POST', '/license/activate', { license_key: old, identifier: 'another' })).status).toBe(404);
    const revealed = await app.admin(license, 'reveal-key');
    expect(revealed.body).toEqual({ license_key });
  });

  it('is in no history or published event, but the rotation is', async () => {
    const license = await app.issue();
    await rotate(license);
    const history = await app.call('GET', `/admin/licenses/${String(license['id'])}/events`);
    expect((history.body as { data: Fields[] }).data[1]).toMatchObject({
      type: 'license.key_rotated',
      data: { product_id: app.product['id'], reason: 'it got out' },
      actor: { type: 'api_key' },
    });
    const events = await app.call('GET', '/events?types=license.key_rotated');
    expect(JSON.stringify(events.body)).toContain('it got out');
    expect(JSON.stringify([history.body, events.body])).not.toMatch(/sealed|hash/);
  });

  it('is rotated once per Idempotency-Key', async () => {
    const license = await app.issue();
    const [one, two] = [
      await rotate(license, { 'idempotency-key': 'rotate-1' }),
      await rotate(license, { 'idempotency-key': 'rotate-1' }),
    ];
    expect(two.body).toEqual(one.body);
    expect(two.headers['idempotent-replayed']).toBe('true');
  });

  it('is not rotated for a revoked license, nor with an API key of another product', async () => {
    const license = await app.issue();
    const foreign = await app.create('/admin/products', { name: 'Other', slug: 'other', type: 'desktop' });
    const key = await app.create('/admin/api-keys', {
      name: 'other',
      scopes: ['licenses:write'],
      product_id: foreign['id'],
    });
    expect(await rotate(license, { authorization: `Bearer ${String(key['key'])}` })).toMatchObject({
      status: 404,
      body: { code: 'LICENSE_NOT_FOUND' },
    });
    await app.admin(license, 'revoke');
    expect(await rotate(license)).toMatchObject({ status: 409, body: { code: 'LICENSE_REVOKED' } });
  });
});
