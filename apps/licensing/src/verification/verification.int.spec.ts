import { createRemoteJWKSet, jwtVerify } from 'jose';
import { soon, startApp } from '../../../../test/support/app.ts';
import { type Fields, type Licensing, SERVICES, startLicensing } from '../../../../test/licensing/harness.ts';

describe('verification', () => {
  let app: Licensing;

  beforeAll(async () => {
    app = await startLicensing({ plan: { max_activations: 5 } });
  });
  afterAll(() => app.close());

  it('follows changes of the license immediately', async () => {
    const license = await app.issue();
    await app.activate(license, 'device');
    expect(await app.verify(license)).toMatchObject({
      valid: true,
      code: 'VALID',
      license: { id: license['id'], plan: app.plan['slug'] },
    });
    await app.admin(license, 'suspend');
    expect(await app.verify(license)).toMatchObject({ valid: false, code: 'SUSPENDED', token: null });
    await app.admin(license, 'reinstate');
    expect(await app.verify(license)).toMatchObject({ valid: true });
    await app.call('PATCH', `/admin/plans/${String(app.plan['id'])}`, { max_activations: 0 });
    expect(await app.verify(license)).toMatchObject({ code: 'TOO_MANY_ACTIVATIONS' });
    await app.call('PATCH', `/admin/plans/${String(app.plan['id'])}`, { max_activations: 5 });
    await app.admin(license, 'revoke');
    expect(await app.verify(license)).toMatchObject({ code: 'REVOKED' });
  });

  it('follows changes by another instance within a second', async () => {
    const other = await startApp({ services: SERVICES, databaseUrl: app.databaseUrl });
    try {
      const license = await app.issue();
      await app.activate(license, 'device');
      const there = async (): Promise<unknown> =>
        (
          (await app.ask('verify', { license_key: license['license_key'], identifier: 'device' }, other)).body as Fields
        )['code'];
      expect(await there()).toBe('VALID');
      await app.admin(license, 'suspend');
      await soon(async () => (await there()) === 'SUSPENDED');
    } finally {
      await other.close();
    }
  });

  it('returns the same lease until something changes', async () => {
    const license = await app.issue();
    await app.activate(license, 'device');
    const [one, two] = [await app.verify(license), await app.verify(license)];
    expect(one['token']).toBe(two['token']);
    await app.activate(license, 'another');
    expect((await app.verify(license))['token']).not.toBe(one['token']);
  });

  it('answers unknown and forged keys with 200 and the reason', async () => {
    expect(await app.verify({ license_key: 'ACME-00000' })).toEqual({
      valid: false,
      code: 'NOT_FOUND',
      message: null,
      license: null,
      entitlements: {},
      token: null,
    });
    expect(await app.verify({ license_key: 'eyJhbGciOiJub25lIn0.e30.c2ln' })).toMatchObject({
      code: 'BAD_SIGNATURE',
      license: null,
    });
  });

  it('verifies signed keys, which carry a valid signature of the service', async () => {
    const signed = await app.create('/admin/products', {
      name: 'Signed',
      slug: 'signed',
      type: 'saas',
      key_format: 'signed',
    });
    const of = await app.newPlan({ product_id: signed['id'] });
    const license = await app.issue({ product_id: signed['id'], plan_id: of['id'] });
    const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
    await jwtVerify(String(license['license_key']), keys, { typ: 'license+jwt', subject: String(license['id']) });
    expect(await app.verify(license, { identifier: undefined })).toMatchObject({ valid: true });
    const [header, payload] = String(license['license_key']).split('.');
    expect(await app.verify({ license_key: `${header}.${payload}.AAAA` }, { identifier: undefined })).toMatchObject({
      code: 'BAD_SIGNATURE',
    });
  });

  it('needs an identifier if the product has activations', async () => {
    const reply = await app.ask('verify', { license_key: (await app.issue())['license_key'] });
    expect(reply).toMatchObject({ status: 400, body: { errors: [{ pointer: '/identifier' }] } });
  });

  it('logs the outcome, and the time for the device', async () => {
    const license = await app.issue();
    await app.activate(license, 'device');
    await app.verify(license);
    await app.verify(license, { identifier: 'stranger' });
    const log = (await app.call('GET', `/admin/licenses/${String(license['id'])}/validations`)).body as {
      data: Fields[];
    };
    expect(log.data.map(({ code, result }) => [code, result])).toEqual([
      ['NOT_ACTIVATED', 'refused'],
      ['VALID', 'ok'],
    ]);
    const { data } = (await app.call('GET', `/admin/licenses/${String(license['id'])}/activations`)).body as {
      data: Fields[];
    };
    expect(data[0]).toMatchObject({ identifier: 'device', last_verified: expect.stringMatching(/Z$/) as unknown });
  });
});
