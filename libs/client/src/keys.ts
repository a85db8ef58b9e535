import { asObject, fromBase64, fromBase64Url, sha256, toBase64Url } from './bytes.ts';
import { LicenseError } from './errors.ts';

/** Ed25519 public key in the form of `/.well-known/jwks.json` (RFC 8037). */
export interface PublicJwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly kid?: string;
}

/** A trusted key: a JWK, or PEM text (SPKI) with one or more keys. */
export type PublicKeySource = PublicJwk | string;

/** Raw 32-byte keys by key id. */
export type TrustedKeys = ReadonlyMap<string, Uint8Array>;

/** DER that precedes the 32 bytes of an Ed25519 public key (RFC 8410 §4). */
const SPKI_PREFIX = '302a300506032b6570032100';

/**
 * The keys by key id. The id is always computed (RFC 7638), never read from the input.
 * @throws LicenseError INVALID_OPTIONS for anything but an Ed25519 key
 */
export const trustedKeys = async (sources: readonly PublicKeySource[]): Promise<TrustedKeys> => {
  const keys = sources.flatMap((source) => (typeof source === 'string' ? pemKeys(source) : [jwkKey(source)]));
  return new Map(await Promise.all(keys.map(async (key) => [await thumbprint(key), key] as const)));
};

/** Ed25519 keys of a JWKS document. Other keys are ignored, as RFC 7517 §5 requires. */
export const jwksKeys = (document: unknown): readonly PublicJwk[] => {
  const keys = asObject(document)?.['keys'];
  return Array.isArray(keys) ? (keys as unknown[]).filter(isEd25519) : [];
};

const isEd25519 = (value: unknown): value is PublicJwk => {
  const { kty, crv, x } = asObject(value) ?? {};
  return kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string' && fromBase64Url(x)?.length === 32;
};

const jwkKey = (jwk: PublicJwk): Uint8Array => {
  const key = isEd25519(jwk) ? fromBase64Url(jwk.x) : undefined;
  if (key === undefined) throw new LicenseError('INVALID_OPTIONS', 'A pinned JWK is not an Ed25519 public key.');
  return key;
};

const pemKeys = (pem: string): Uint8Array[] => {
  const blocks = [...pem.matchAll(/-----BEGIN PUBLIC KEY-----([\s\S]+?)-----END PUBLIC KEY-----/g)];
  if (blocks.length === 0) throw new LicenseError('INVALID_OPTIONS', 'A pinned key is neither a JWK nor PEM text.');
  return blocks.map(([, body = '']) => {
    const der = fromBase64(body.replace(/\s+/g, ''));
    const prefix = [...der.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    if (prefix !== SPKI_PREFIX || der.length !== 44) {
      throw new LicenseError('INVALID_OPTIONS', 'A pinned PEM key is not an Ed25519 public key.');
    }
    return der.subarray(12);
  });
};

const thumbprint = (key: Uint8Array): Promise<string> =>
  sha256(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: toBase64Url(key) }));
