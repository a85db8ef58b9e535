import { createHmac, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import * as noble from '@noble/ed25519';
import { createLocalJWKSet, createRemoteJWKSet, type JWK, jwtVerify } from 'jose';
import { type Licensing, startLicensing } from './harness.ts';

interface Jwks {
  readonly keys: readonly (JWK & { readonly x: string; readonly kid: string })[];
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

/** The order of the group of Ed25519 (RFC 8032 §5.1). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The same signature with S + L in place of S: RFC 8032 §5.1.7 requires a refusal. */
const malleable = (signature: string): string => {
  const bytes = Buffer.from(signature, 'base64url');
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + ORDER;
  const raised = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([bytes.subarray(0, 32), raised]).toString('base64url');
};

/** Tests the leases that apps receive against forgeries that an attacker without the signing key can make. */
describe('a lease', () => {
  let app: Licensing;
  let token: string;
  let product: string;
  let jwks: Jwks;

  beforeAll(async () => {
    app = await startLicensing();
    product = String(app.product['id']);
    const { license_key } = await app.issue();
    token = String((await app.create('/license/activate', { license_key, identifier: 'device' }))['token']);
    jwks = (await app.call('GET', '/.well-known/jwks.json')).body as Jwks;
  });
  afterAll(() => app.close());

  const check = (candidate: string, audience = product) =>
    jwtVerify(candidate, createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`)), {
      algorithms: ['EdDSA'],
      typ: 'lease+jwt',
      audience,
      issuer: app.config.public_url,
    });
  const publicKey = (): Uint8Array => Buffer.from(jwks.keys[0]?.x ?? '', 'base64url');

  it('is verified by jose, by @noble/ed25519 and with the key in PEM', async () => {
    await expect(check(token)).resolves.toMatchObject({ payload: { aud: product } });
    const [header = '', payload = '', signature = ''] = token.split('.');
    const message = Buffer.from(`${header}.${payload}`);
    expect(await noble.verifyAsync(Buffer.from(signature, 'base64url'), message, publicKey())).toBe(true);
    const pem = (await app.call('GET', '/.well-known/keyledger.pem')).body as string;
    expect(verify(null, message, createPublicKey(pem), Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('has the same signature from node:crypto and @noble/ed25519', async () => {
    for (let n = 0; n < 20; n++) {
      const pair = generateKeyPairSync('ed25519');
      const jwk = pair.privateKey.export({ format: 'jwk' });
      const secret = Buffer.from(jwk.d ?? '', 'base64url');
      const message = Buffer.from(`message ${n}`);
      const ours = sign(null, message, pair.privateKey);
      // Ed25519 is deterministic: two correct implementations give the same bytes.
      expect(Buffer.from(await noble.signAsync(message, secret))).toEqual(ours);
      expect(verify(null, message, pair.publicKey, await noble.signAsync(message, secret))).toBe(true);
      expect(await noble.verifyAsync(ours, message, await noble.getPublicKeyAsync(secret))).toBe(true);
    }
  });

  it('names its key by the RFC 7638 thumbprint', () => {
    const [header = ''] = token.split('.');
    expect(decode(header)).toEqual({ alg: 'EdDSA', typ: 'lease+jwt', kid: jwks.keys[0]?.kid });
  });

  const forgeries: Readonly<Record<string, () => string>> = {
    'alg none': () => `${encode({ alg: 'none', typ: 'lease+jwt' })}.${token.split('.')[1]}.`,
    'HS256 with the public key': () => {
      const input = `${encode({ alg: 'HS256', typ: 'lease+jwt', kid: jwks.keys[0]?.kid })}.${token.split('.')[1]}`;
      return `${input}.${createHmac('sha256', publicKey()).update(input).digest('base64url')}`;
    },
    'a claim that was changed': () => {
      const [header = '', payload = '', signature = ''] = token.split('.');
      return `${header}.${encode({ ...decode(payload), plan: 'enterprise' })}.${signature}`;
    },
    'a key of another signer under our kid': () => signedByAnother({ kid: jwks.keys[0]?.kid }),
    'a key of its own in the header': () => {
      const { publicKey: theirs } = generateKeyPairSync('ed25519');
      return signedByAnother({ jwk: theirs.export({ format: 'jwk' }) });
    },
    'a kid that is a path': () => signedByAnother({ kid: '../../../../dev/null' }),
    'another type': () => withHeader({ typ: 'license+jwt' }),
    'a malleable signature': () => {
      const [header = '', payload = '', signature = ''] = token.split('.');
      return `${header}.${payload}.${malleable(signature)}`;
    },
  };

  const signedByAnother = (header: object): string => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const input = `${encode({ alg: 'EdDSA', typ: 'lease+jwt', ...header })}.${token.split('.')[1]}`;
    return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
  };
  const withHeader = (over: object): string => {
    const [header = '', payload, signature] = token.split('.');
    return `${encode({ ...decode(header), ...over })}.${payload}.${signature}`;
  };

  it.each(Object.keys(forgeries))('cannot be forged: %s', async (name) => {
    const forged = forgeries[name]?.() ?? '';
    await expect(check(forged)).rejects.toThrow(/signature|alg|typ|key|JWS|JWT/i);
    // It is not accepted as a license key either.
    const { body } = await app.call('POST', '/license/verify', { license_key: forged, identifier: 'device' });
    expect(body).toMatchObject({ valid: false, token: null, license: null });
  });

  it('is valid only for its product and its time', async () => {
    await expect(check(token, 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb')).rejects.toThrow(/"aud"/);
    const { keys } = jwks;
    const later = new Date(Date.now() + 8 * 24 * 3_600_000);
    const local = createLocalJWKSet({ keys: [...keys] });
    await expect(jwtVerify(token, local, { currentDate: later })).rejects.toThrow(/"exp"/);
  });

  it('is refused with a malleable signature by node:crypto and by @noble/ed25519', async () => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const message = Buffer.from(`${header}.${payload}`);
    const raised = Buffer.from(malleable(signature), 'base64url');
    const key = createPublicKey({ key: { ...jwks.keys[0] }, format: 'jwk' });
    expect(raised).toHaveLength(64);
    expect(verify(null, message, key, raised)).toBe(false);
    expect(await noble.verifyAsync(raised, message, publicKey())).toBe(false);
  });
});
