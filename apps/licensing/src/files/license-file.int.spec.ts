import { webcrypto } from 'node:crypto';
import * as noble from '@noble/ed25519';
import pg from 'pg';
import { periodBoundary } from '#domain/shared/calendar';
import { readLicenseFile } from '../../../../docs/examples/license-file/read-license-file.mjs';
import { type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';

type Fields = Record<string, unknown>;

const DAY = 86_400_000;
const MACHINE = 'Werkstatt-7 Ä';

describe('a license file', () => {
  let app: TestApp;
  let product: string;
  let plan: string;
  let publicKeys: { kid: string; x: string }[];
  let count = 0;

  const newPlan = async (over: Fields = {}): Promise<string> => {
    const slug = `plan-${++count}`;
    const shape = { name: slug, slug, license_type: 'perpetual', license_model: 'standard' };
    return String((await app.create('/admin/plans', { product_id: product, ...shape, ...over }))['id']);
  };
  const issue = (over: Fields = {}): Promise<Fields> =>
    app.create('/admin/licenses', { product_id: product, plan_id: plan, email: 'ada@example.com', ...over });
  const activated = async (over: Fields = {}): Promise<Fields> => {
    const license = await issue(over);
    const { license_key } = license;
    await app.create('/license/activate', { license_key, identifier: MACHINE });
    return license;
  };
  /** Without an API key: the license key is the only credential. */
  const ask = ({ license_key }: Fields, over: Fields = {}, headers: Record<string, string> = {}): Promise<Reply> =>
    app.call(
      'POST',
      '/license/file',
      { license_key, identifier: MACHINE, ...over },
      { authorization: undefined, ...headers },
    );
  const fileOf = async (license: Fields, over: Fields = {}): Promise<string> => {
    const reply = await ask(license, over);
    expect(reply).toMatchObject({ status: 200 });
    return String((reply.body as Fields)['license_file']);
  };
  const known = (license: Fields) => ({
    licenseKey: String(license['license_key']),
    identifier: MACHINE,
    publicKeys,
    product,
  });

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService] });
    product = String(
      (await app.create('/admin/products', { name: 'S', slug: 's', type: 'desktop', key_prefix: 'ACME' }))['id'],
    );
    plan = await newPlan();
    publicKeys = ((await app.call('GET', '/.well-known/jwks.json')).body as { keys: typeof publicKeys }).keys;
  });
  afterAll(() => app.close());

  it('is read by the example program of the guide, in any spelling of the key and the identifier', async () => {
    const license = await activated({ name: 'Ada', org_name: 'Analytical Engines' });
    const { body } = await ask(license, { ttl: 90 * 86_400 });
    const { license_file, expires_at, issued_at } = body as Record<string, string>;
    expect(license_file).toMatch(/^-----BEGIN LICENSE FILE-----\n([\w+/=]{1,64}\n)+-----END LICENSE FILE-----\n$/);
    expect(Date.parse(expires_at ?? '') - Date.parse(issued_at ?? '')).toBe(90 * DAY);
    const claims = readLicenseFile(license_file ?? '', {
      ...known(license),
      licenseKey: ` ${String(license['license_key']).toLowerCase().replaceAll('-', ' ')} `,
      identifier: ` ${MACHINE.normalize('NFD')} `,
    });
    expect(claims).toMatchObject({
      aud: product,
      sub: license['id'],
      exp: Math.floor(Date.parse(expires_at ?? '') / 1000),
      status: 'active',
      valid_until: null,
      licensee: { name: 'Ada', org_name: 'Analytical Engines' },
    });
  });

  it('is read with @noble/ed25519 and Web Crypto', async () => {
    const license = await activated();
    const text = (await fileOf(license)).split('\n').slice(1, -2).join('');
    const { enc, sig, kid } = JSON.parse(Buffer.from(text, 'base64').toString()) as Record<string, string>;
    const x = Buffer.from(publicKeys.find((key) => key.kid === kid)?.x ?? '', 'base64url');
    const signed = Buffer.from(`machine/${enc}`);
    expect(await noble.verifyAsync(Buffer.from(sig ?? '', 'base64'), signed, x)).toBe(true);
    const { subtle } = webcrypto;
    const salt = await subtle.digest('SHA-256', Buffer.from(MACHINE));
    const material = Buffer.from(String(license['license_key']).replaceAll('-', ''));
    const key = await subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt, info: Buffer.from('keyledger/license-file') },
      await subtle.importKey('raw', material, 'HKDF', false, ['deriveKey']),
      { name: 'AES-GCM', length: 256 },
      false,
      ['decrypt'],
    );
    const sealed = Buffer.from(enc ?? '', 'base64');
    const plain = await subtle.decrypt({ name: 'AES-GCM', iv: sealed.subarray(0, 12) }, key, sealed.subarray(12));
    expect(JSON.parse(Buffer.from(plain).toString())).toMatchObject({ sub: license['id'], aud: product });
  });

  it('is refused for another machine, license key, product or time, and after any change', async () => {
    const license = await activated();
    const file = await fileOf(license);
    const of = known(license);
    const lines = file.split('\n');
    const body = JSON.parse(Buffer.from(lines.slice(1, -2).join(''), 'base64').toString()) as Record<string, string>;
    const written = (over: Fields): string =>
      [lines[0], Buffer.from(JSON.stringify({ ...body, ...over })).toString('base64'), lines.at(-2)].join('\n');
    const bytes = Buffer.from(body['enc'] ?? '', 'base64');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    expect(() => readLicenseFile(file, { ...of, identifier: 'another' })).toThrow('another machine');
    expect(() => readLicenseFile(file, { ...of, licenseKey: 'ACME-00000' })).toThrow('another license key');
    expect(() => readLicenseFile(file, { ...of, product: 'prod_other' })).toThrow('another product');
    expect(() => readLicenseFile(file, { ...of, now: Date.now() + 31 * DAY })).toThrow('expired');
    expect(() => readLicenseFile(file, { ...of, now: Date.now() - DAY })).toThrow('not valid yet');
    expect(() => readLicenseFile(written({ enc: bytes.toString('base64') }), of)).toThrow('changed');
    expect(() => readLicenseFile(written({ alg: 'none' }), of)).toThrow('does not know');
    expect(() => readLicenseFile(written({ kid: 'mine' }), of)).toThrow('does not trust');
    expect(readLicenseFile(written({}), of)).toMatchObject({ sub: license['id'] });
  });

  it.each([1, 61, 299])('is valid immediately on a machine whose clock is %d seconds behind', async (seconds) => {
    const license = await activated();
    const file = await fileOf(license);
    const now = Date.now() - seconds * 1000;
    expect(readLicenseFile(file, { ...known(license), now })).toMatchObject({ sub: license['id'] });
  });

  it('stays expired when the clock of the machine is set back', async () => {
    const license = await activated();
    const file = await fileOf(license);
    const of = known(license);
    const end = Date.now() + 31 * DAY;
    const backBy = (ms: number) => () => readLicenseFile(file, { ...of, now: end - ms, latest: end });
    expect(backBy(0)).toThrow('expired');
    expect(backBy(4 * 60_000)).toThrow('expired');
    expect(backBy(6 * 60_000)).toThrow('set back');
    expect(backBy(5 * DAY)).toThrow('set back');
    const [now, latest] = [Date.now() - 4 * 60_000, Date.now()];
    expect(readLicenseFile(file, { ...of, now, latest })).toMatchObject({ sub: license['id'] });
  });

  it('ends no later than the license and its grace period', async () => {
    const graceful = await newPlan({ grace_days: 3 });
    const valid_until = new Date(Date.now() + 2 * DAY).toISOString();
    const { body } = await ask(await activated({ plan_id: graceful, valid_until }), { ttl: 30 * 86_400 });
    expect(Date.parse(String((body as Fields)['expires_at']))).toBe(Date.parse(valid_until) + 3 * DAY);
  });

  it('is valid for at most five years if the license has no end; its signing key is published as long', async () => {
    const { body } = await ask(await activated(), { ttl: 36_525 * 86_400 });
    const { issued_at, expires_at, kid } = body as Record<string, string>;
    expect(expires_at).toBe(periodBoundary(String(issued_at), { unit: 'year', count: 5 }, 1));
    const pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=licensing', max: 1 });
    const { rows } = await pool.query<{ good_until: Date }>('select good_until from signing_keys where kid = $1', [
      kid,
    ]);
    await pool.end();
    const [published, end] = [Number(rows[0]?.good_until), Date.parse(String(expires_at))];
    expect(published).toBeGreaterThanOrEqual(end);
    expect(published).toBeLessThan(end + 1_000);
  });

  it('is valid up to the end of a license that ends years from now', async () => {
    const valid_until = new Date(Date.now() + 20 * 365 * DAY).toISOString();
    const license = await activated({ plan_id: await newPlan({ grace_days: 0 }), valid_until });
    const { body } = await ask(license, { ttl: 36_525 * 86_400 });
    expect((body as Fields)['expires_at']).toBe(valid_until);
    const claims = readLicenseFile(String((body as Fields)['license_file']), {
      ...known(license),
      now: Date.parse(valid_until) - DAY,
    });
    expect(claims).toMatchObject({ valid_until });
  });

  it('is recorded in the history of the license, once for one Idempotency-Key', async () => {
    const license = await activated();
    const once = { 'idempotency-key': 'file-1' };
    const [one, two] = [await ask(license, {}, once), await ask(license, {}, once)];
    expect(two.body).toEqual(one.body);
    const history = await app.call('GET', `/admin/licenses/${String(license['id'])}/events`);
    const files = (history.body as { data: Fields[] }).data.filter(({ type }) => type === 'license.file_issued');
    expect(files).toMatchObject([{ actor: { type: 'license', id: license['id'] } }]);
  });

  it('is not issued without an activation, a valid ttl, a node-locked plan and an active license', async () => {
    const license = await activated();
    expect(await ask(license, { identifier: 'another' })).toMatchObject({
      status: 404,
      body: { code: 'ACTIVATION_NOT_FOUND' },
    });
    expect(await ask({ license_key: 'ACME-00000' })).toMatchObject({
      status: 404,
      body: { code: 'LICENSE_NOT_FOUND' },
    });
    for (const ttl of [0, 3_599, 36_525 * 86_400 + 1, 1.5, '86400'])
      expect(await ask(license, { ttl })).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    const floating = await issue({ plan_id: await newPlan({ license_model: 'floating', max_activations: 1 }) });
    expect(await ask(floating)).toMatchObject({ status: 403, body: { code: 'FEATURE_NOT_AVAILABLE' } });
    await app.call('POST', `/admin/licenses/${String(license['id'])}/suspend`, {});
    expect(await ask(license)).toMatchObject({ status: 409, body: { code: 'LICENSE_SUSPENDED' } });
  });
});
