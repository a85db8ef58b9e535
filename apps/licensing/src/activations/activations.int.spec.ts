import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { startApp } from '../../../../test/support/app.ts';
import { type Fields, type Licensing, SERVICES, startLicensing } from '../../../../test/licensing/harness.ts';

describe('activation', () => {
  let app: Licensing;

  beforeAll(async () => {
    app = await startLicensing({ plan: { max_activations: 5 } });
  });
  afterAll(() => app.close());

  it('uses one slot per device, and returns the existing activation the second time', async () => {
    const license = await app.issue();
    const [one, two] = [await app.activate(license, 'café'), await app.activate(license, ' cafe\u0301 ')];
    expect([one.status, two.status]).toEqual([201, 200]);
    expect((one.body as Fields)['activation_id']).toBe((two.body as Fields)['activation_id']);
  });

  it('accepts a key in any spelling', async () => {
    const license = await app.issue();
    const typed = String(license['license_key'])
      .toLowerCase()
      .replaceAll('-', ' ')
      .replaceAll('0', 'o')
      .replaceAll('1', 'l');
    expect(await app.ask('activate', { license_key: typed, identifier: 'device' })).toMatchObject({ status: 201 });
  });

  it('returns a lease that any JOSE library verifies, bound to the device', async () => {
    const license = await app.issue();
    const { token } = (await app.activate(license, 'device')).body as { token: string };
    const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: ['EdDSA'],
      typ: 'lease+jwt',
      audience: String(app.product['id']),
    });
    expect(payload).toMatchObject({
      sub: license['id'],
      status: 'active',
      iss: app.config.public_url,
      license_version: 2,
    });
    expect(payload['fingerprint_hash']).toMatch(/^[\w-]{43}$/);
    expect(Number(payload.exp) - Number(payload.iat)).toBe(7 * 24 * 3600);
    expect(protectedHeader.kid).toMatch(/^[\w-]{43}$/);
    const jwks = await app.call('GET', '/.well-known/jwks.json');
    expect(jwks.headers['cache-control']).toBe('public, max-age=300');
    expect((await app.call('GET', '/.well-known/keyledger.pem')).body).toContain('BEGIN PUBLIC KEY');
  });

  it('never returns a lease that outlives the license and its grace period', async () => {
    const strict = await app.newPlan({ grace_days: 1 });
    const valid_until = new Date(Date.now() + 3_600_000).toISOString();
    const license = await app.issue({ plan_id: strict['id'], valid_until });
    const { token } = (await app.activate(license, 'device')).body as { token: string };
    expect(decodeJwt(token).exp).toBe(Math.floor(Date.parse(valid_until) / 1000) + 86_400);
  });

  it('enforces the limit for 200 callers at two instances, also after a restart', async () => {
    const license = await app.issue();
    const other = await startApp({ services: SERVICES, databaseUrl: app.databaseUrl });
    try {
      const replies = await Promise.all(
        Array.from({ length: 200 }, (_, n) => app.activate(license, `device ${n}`, n % 2 === 0 ? app : other)),
      );
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(5);
      for (const { status, body } of replies)
        if (status !== 201) expect([status, (body as Fields)['code']]).toEqual([409, 'ACTIVATION_LIMIT_REACHED']);
    } finally {
      await other.close();
    }
    const again = await startApp({ services: SERVICES, databaseUrl: app.databaseUrl });
    try {
      expect(await app.activate(license, 'one more', again)).toMatchObject({ status: 409 });
    } finally {
      await again.close();
    }
    const path = `/admin/licenses/${String(license['id'])}/activations`;
    expect(((await app.call('GET', path)).body as { data: unknown[] }).data).toHaveLength(5);
  });

  it('is one activation if one device sends 50 concurrent requests', async () => {
    const license = await app.issue();
    const replies = await Promise.all(Array.from({ length: 50 }, () => app.activate(license, 'device')));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(49);
  });

  it('frees slots for the app and for the operator', async () => {
    const single = await app.newPlan({ max_activations: 1 });
    const license = await app.issue({ plan_id: single['id'] });
    await app.activate(license, 'one');
    expect(await app.ask('deactivate', { license_key: license['license_key'], identifier: 'one' })).toMatchObject({
      status: 200,
      body: { activations: 0 },
    });
    expect(await app.ask('deactivate', { license_key: license['license_key'], identifier: 'one' })).toMatchObject({
      status: 404,
      body: { code: 'ACTIVATION_NOT_FOUND' },
    });
    const { activation_id } = (await app.activate(license, 'two')).body as Fields;
    const path = `/admin/licenses/${String(license['id'])}/activations/${String(activation_id)}`;
    expect((await app.call('DELETE', path)).status).toBe(204);
    expect((await app.call('DELETE', path)).status).toBe(404);
    expect((await app.activate(license, 'three')).status).toBe(201);
  });

  it('is refused with the reason', async () => {
    const license = await app.issue();
    expect(await app.ask('activate', { license_key: 'ACME-NOBODY', identifier: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'LICENSE_NOT_FOUND' },
    });
    await app.admin(license, 'suspend');
    expect(await app.activate(license, 'x')).toMatchObject({ status: 409, body: { code: 'LICENSE_SUSPENDED' } });
    await app.admin(license, 'revoke');
    expect(await app.activate(license, 'x')).toMatchObject({ status: 409, body: { code: 'LICENSE_REVOKED' } });
  });
});
