import { createHmac } from 'node:crypto';
import { LicenseClient, type LicenseClientOptions, memoryStorage, type Verdict } from '@keyledger/client';
import { DEVICE, leaseClaims, newSigner, PRODUCT } from './signer.ts';

const server = newSigner();
const stranger = newSigner();

const unreachable = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));

/** Verdict on a lease in the storage while the server cannot be reached. */
const judged = async (lease: string, options: Partial<LicenseClientOptions> = {}): Promise<Verdict> => {
  const storage = memoryStorage();
  await storage.set('license', JSON.stringify({ license_key: 'ACME-1', installation: 'x', lease }));
  const client = new LicenseClient({
    url: 'https://licenses.example.com',
    product: PRODUCT,
    publicKeys: [server.pem],
    identifier: DEVICE,
    storage,
    fetch: unreachable,
    ...options,
  });
  return client.verify();
};

const GOOD = server.token({}, leaseClaims());
const part = (index: number): string => GOOD.split('.')[index] ?? '';
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The same signature with S + L in place of S (RFC 8032 §5.1.7). */
const malleable = (): string => {
  const bytes = Buffer.from(part(2), 'base64url');
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + order;
  const raised = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([bytes.subarray(0, 32), raised]).toString('base64url');
};

/** The same 64 bytes, with unused bits of the last character that are not zero. */
const otherSpelling = (): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(part(2).at(-1) ?? '');
  return part(2).slice(0, -1) + (alphabet[last + 1] ?? '');
};

describe('a lease in the storage of a program', () => {
  it('is accepted when the server has signed it, with the key as PEM or JWK', async () => {
    expect(await judged(GOOD)).toMatchObject({ valid: true, mode: 'offline', code: 'VALID', license: { plan: 'pro' } });
    expect(await judged(GOOD, { publicKeys: [stranger.jwk, server.jwk] })).toMatchObject({ valid: true });
  });

  const hmac = (): string => {
    const input = `${encode({ alg: 'HS256', typ: 'lease+jwt', kid: server.kid })}.${part(1)}`;
    return `${input}.${createHmac('sha256', Buffer.from(server.jwk.x, 'base64url')).update(input).digest('base64url')}`;
  };

  it.each<[string, () => string, string]>([
    ['nothing at all', () => '', 'LEASE_MALFORMED'],
    ['a text that is not a token', () => 'x.y.z', 'LEASE_MALFORMED'],
    ['a fourth part', () => `${GOOD}.x`, 'LEASE_MALFORMED'],
    ['padding', () => `${GOOD}=`, 'LEASE_MALFORMED'],
    ['another spelling of the signature', () => `${part(0)}.${part(1)}.${otherSpelling()}`, 'LEASE_MALFORMED'],
    ['alg none', () => `${encode({ alg: 'none', typ: 'lease+jwt', kid: server.kid })}.${part(1)}.`, 'LEASE_MALFORMED'],
    ['HS256 with the public key', hmac, 'LEASE_MALFORMED'],
    ['another type', () => server.token({ typ: 'license+jwt' }, leaseClaims()), 'LEASE_MALFORMED'],
    ['no type', () => server.token({ typ: undefined }, leaseClaims()), 'LEASE_MALFORMED'],
    ['a critical extension', () => server.token({ crit: ['exp'] }, leaseClaims()), 'LEASE_MALFORMED'],
    ['an embedded key', () => stranger.token({ jwk: stranger.jwk }, leaseClaims()), 'LEASE_MALFORMED'],
    ['an unknown kid', () => stranger.token({}, leaseClaims()), 'LEASE_UNTRUSTED_KEY'],
    ['__proto__ as kid', () => stranger.token({ kid: '__proto__' }, leaseClaims()), 'LEASE_UNTRUSTED_KEY'],
    [
      'another signer under the kid of the server',
      () => stranger.token({ kid: server.kid }, leaseClaims()),
      'LEASE_BAD_SIGNATURE',
    ],
    ['other claims', () => `${part(0)}.${encode(leaseClaims({ plan: 'all' }))}.${part(2)}`, 'LEASE_BAD_SIGNATURE'],
    ['a malleable signature', () => `${part(0)}.${part(1)}.${malleable()}`, 'LEASE_BAD_SIGNATURE'],
    [
      'a signature of zeros',
      () => `${part(0)}.${part(1)}.${Buffer.alloc(64).toString('base64url')}`,
      'LEASE_BAD_SIGNATURE',
    ],
    ['another product', () => server.token({}, leaseClaims({ aud: 'prod_other' })), 'LEASE_WRONG_PRODUCT'],
    ['another device', () => server.token({}, leaseClaims({ fingerprint_hash: 'other' })), 'LEASE_WRONG_DEVICE'],
    ['no device', () => server.token({}, leaseClaims({ fingerprint_hash: null })), 'LEASE_WRONG_DEVICE'],
    ['an end in the past', () => server.token({}, leaseClaims({}, Date.now() - 8 * 86_400_000)), 'LEASE_EXPIRED'],
    [
      'a beginning in the future',
      () => server.token({}, leaseClaims({}, Date.now() + 3_600_000)),
      'LEASE_NOT_YET_VALID',
    ],
    ['an end that is not a number', () => server.token({}, leaseClaims({ exp: '9999999999' })), 'LEASE_MALFORMED'],
    ['no end', () => server.token({}, leaseClaims({ exp: undefined })), 'LEASE_MALFORMED'],
  ])('is not accepted with %s', async (_what, forge, code) => {
    expect(await judged(forge())).toMatchObject({ valid: false, mode: 'offline', code, license: null, until: null });
  });

  it('grants exactly its entitlements', async () => {
    const entitlements = {
      export: { value_type: 'bool', value: true },
      seats: 0,
      beta: false,
      api_calls: { value: null },
    };
    const lease = server.token({}, leaseClaims({ entitlements }));
    expect((await judged(lease)).entitlements).toMatchObject({
      export: { granted: true, value: true },
      seats: { granted: true, value: 0 },
      beta: { granted: false },
      api_calls: { granted: true, value: null },
    });
  });
});

describe('the options of a program', () => {
  it.each([
    ['a malformed url', { url: 'licenses.example.com' }],
    ['a malformed product id', { product: 'studio' }],
    ['a time limit that is not a number', { timeoutMs: NaN }],
  ])('are refused with %s', (_what, options) => {
    const all = { url: 'https://licenses.example.com', product: PRODUCT, ...options };
    expect(() => new LicenseClient(all)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
  });

  it('are refused with a malformed pinned key', async () => {
    await expect(judged(GOOD, { publicKeys: ['ssh-ed25519 AAAA'] })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    const rsa = { kty: 'RSA', crv: '', x: 'AQAB' };
    await expect(judged(GOOD, { publicKeys: [rsa] })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});
