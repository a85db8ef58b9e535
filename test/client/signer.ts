import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export const PRODUCT = 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb';
export const DEVICE = 'workstation-7';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The signing key of a license server. */
export const newSigner = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const thumbprint = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x });
  const kid = createHash('sha256').update(thumbprint).digest('base64url');
  return {
    kid,
    jwk: { kty: 'OKP', crv: 'Ed25519', x, kid },
    pem: String(publicKey.export({ type: 'spki', format: 'pem' })),
    /** Signs any header and claims as a JWS. */
    token: (header: object, claims: object): string =>
      signed({ alg: 'EdDSA', typ: 'lease+jwt', kid, ...header }, claims, privateKey),
  };
};

export type Signer = ReturnType<typeof newSigner>;

const signed = (header: object, claims: object, key: KeyObject): string => {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
};

/** Claims of a valid lease. @param now in milliseconds since 1970 */
export const leaseClaims = (over: object = {}, now = Date.now()): object => {
  const iat = Math.floor(now / 1000);
  return {
    iss: 'https://licenses.example.com',
    aud: PRODUCT,
    sub: 'lic_01jd1zx0h8e4rvy2m6k9w3q5tb',
    jti: 'lease_01jd1zx0h8e4rvy2m6k9w3q5tb',
    iat,
    nbf: iat,
    exp: iat + 7 * 86_400,
    plan: 'pro',
    status: 'active',
    entitlements: {},
    fingerprint_hash: createHash('sha256').update(DEVICE).digest('base64url'),
    license_version: 1,
    ...over,
  };
};
