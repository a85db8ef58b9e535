import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import pg from 'pg';
import { eventually, soon, startApp, type TestApp } from '../../../../test/support/app.ts';
import { MovableClock } from '../../../../test/support/clock.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';

type Fields = Record<string, unknown>;

const MINUTE = 60_000;
const DAY = 86_400_000;

describe('rotating the signing keys', () => {
  const services = [gatewayService, licensingService];
  const clock = new MovableClock();
  let app: TestApp;
  let other: TestApp;
  let pool: pg.Pool;
  let license_key: unknown;
  let count = 0;

  const issueOf = async (product: Fields): Promise<Fields> => {
    const slug = `plan-${++count}`;
    const shape = { name: slug, slug, license_type: 'perpetual', license_model: 'standard', max_activations: 100 };
    const plan = await app.create('/admin/plans', { product_id: product['id'], ...shape });
    return app.create('/admin/licenses', { product_id: product['id'], plan_id: plan['id'], email: 'ada@example.com' });
  };
  /** A lease for a new device. */
  const lease = async (of: TestApp = app): Promise<string> => {
    const identifier = `device ${++count}`;
    return String((await of.create('/license/activate', { license_key, identifier }))['token']);
  };
  const list = async (): Promise<Fields[]> =>
    ((await app.call('GET', '/admin/signing-keys')).body as { data: Fields[] }).data;
  const published = async (of: TestApp = app): Promise<unknown[]> =>
    ((await of.call('GET', '/.well-known/jwks.json')).body as { keys: Fields[] }).keys.map(({ kid }) => kid);
  const kidOf = (token: string): unknown => decodeProtectedHeader(token).kid;
  const rotate = (body: Fields = {}) => app.call('POST', '/admin/signing-keys/rotate', body);

  beforeAll(async () => {
    app = await startApp({ services, clock });
    other = await startApp({ services, databaseUrl: app.databaseUrl, clock });
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=licensing', max: 1 });
    const product = await app.create('/admin/products', { name: 'Studio', slug: 'studio', type: 'desktop' });
    license_key = (await issueOf(product))['license_key'];
  });
  afterAll(async () => {
    await pool.end();
    await other.close();
    await app.close();
  });

  it('publishes the next key before it signs, and retires the old key after its last lease', async () => {
    const [first] = await list();
    expect(first).toMatchObject({ status: 'signing', superseded_at: null, retired_at: null });
    const before = await lease();
    expect(kidOf(before)).toBe(first?.['kid']);

    const rotated = await rotate();
    expect(rotated).toMatchObject({ status: 201, body: { status: 'published' } });
    const { kid: next, signs_from } = rotated.body as Fields;
    expect(await published()).toEqual([next, first?.['kid']]);
    await soon(async () => (await published(other)).length === 2);
    expect(kidOf(await lease())).toBe(first?.['kid']);
    expect(await rotate()).toMatchObject({ status: 409, body: { code: 'ROTATION_IN_PROGRESS', signs_from } });

    clock.pass(10 * MINUTE);
    const after = await lease();
    for (const token of [after, await lease(other)]) expect(kidOf(token)).toBe(next);
    expect((await list()).map(({ status }) => status)).toEqual(['signing', 'verifying']);
    const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
    for (const token of [before, after]) await jwtVerify(token, keys, { typ: 'lease+jwt', currentDate: clock.now() });

    clock.pass(DAY);
    // The private key must be deleted, so that it can no longer be stolen.
    await eventually(async () => (await secretsOf(first?.['kid'])) === null);
    expect(await published()).toHaveLength(2);

    clock.pass(7 * DAY);
    await eventually(async () => (await list())[1]?.['status'] === 'retired');
    for (const instance of [app, other])
      await soon(async () => JSON.stringify(await published(instance)) === JSON.stringify([next]));
  });

  const secretsOf = async (kid: unknown): Promise<unknown> => {
    const text = 'select private_sealed from signing_keys where kid = $1';
    const { rows } = await pool.query<{ private_sealed: string | null }>(text, [kid]);
    return rows[0]?.private_sealed;
  };

  it('never retires a key that signed a license key', async () => {
    const product = await app.create('/admin/products', {
      name: 'Sig',
      slug: 'sig',
      type: 'saas',
      key_format: 'signed',
    });
    const signed = String((await issueOf(product))['license_key']);
    await rotate();
    clock.pass(400 * DAY);
    await eventually(async () => (await secretsOf(kidOf(signed))) === null);
    const [newest] = await list();
    await rotate();
    clock.pass(400 * DAY);
    await eventually(async () => (await list()).find(({ kid }) => kid === newest?.['kid'])?.['status'] === 'retired');
    expect(await published()).toContain(kidOf(signed));
    const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
    await jwtVerify(signed, keys, { typ: 'license+jwt', currentDate: clock.now() });
  });

  it('retires compromised keys immediately, with every lease that they signed', async () => {
    const identifier = `device ${++count}`;
    const verified = async (of: TestApp): Promise<string> => {
      const reply = await of.call('POST', '/license/verify', { license_key, identifier });
      return String((reply.body as Fields)['token']);
    };
    await app.call('POST', '/license/activate', { license_key, identifier });
    const before = await published();
    for (const instance of [app, other]) {
      // The other instance receives the activation a moment later.
      await soon(async () => (await verified(instance)) !== 'null');
      expect(before).toContain(kidOf(await verified(instance)));
    }
    const stolen = (await list()).find(({ status }) => status === 'signing')?.['kid'];
    const secret = await secretsOf(stolen);
    expect(secret).toMatch(/^[\w-]{8}\./);
    const { body } = await rotate({ compromised: true });
    expect(body).toMatchObject({ status: 'signing' });
    const { kid } = body as Fields;
    for (const instance of [app, other]) {
      await soon(async () => kidOf(await verified(instance)) === kid);
      expect(await published(instance)).toEqual([kid]);
    }
    for (const gone of before) expect(await secretsOf(gone)).toBeNull();
    // As if the process had been killed before it deleted the private key.
    await pool.query('update signing_keys set private_sealed = $1 where kid = $2', [secret, stolen]);
    await eventually(async () => (await secretsOf(stolen)) === null);
  });

  it('publishes events for apps that pin keys, without the private key', async () => {
    const events = await app.call('GET', '/events?types=signing_key.*');
    const { data } = events.body as { data: { type: string; data: Fields; subject: string }[] };
    expect(data[0]).toMatchObject({ type: 'signing_key.rotated', subject: 'signing-keys' });
    expect(Object.keys(data[0]?.data ?? {}).sort()).toEqual(['kid', 'previous_kid', 'public_key', 'signs_from']);
    expect(data.map(({ type }) => type)).toContain('signing_key.retired');
  });

  it('needs the admin scope, and a key that is not bound to a product', async () => {
    const product = await app.create('/admin/products', { name: 'Mine', slug: 'mine', type: 'saas' });
    const bound = await app.create('/admin/api-keys', { name: 'bound', scopes: ['admin'], product_id: product['id'] });
    const meek = await app.create('/admin/api-keys', { name: 'meek', scopes: ['licenses:write'] });
    for (const { key } of [bound, meek] as { key: string }[]) {
      const reply = await app.call('POST', '/admin/signing-keys/rotate', {}, { authorization: `Bearer ${key}` });
      expect(reply).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    }
  });
});
