import { verifyAsync } from '@noble/ed25519';
import { asObject, fromBase64Url, utf8 } from './bytes.ts';
import { CLOCK_TOLERANCE_MS } from './clock.ts';
import type { TrustedKeys } from './keys.ts';

/** Claims of a lease whose signature was verified. Times in seconds since 1970 (RFC 7519). */
export interface LeaseClaims {
  readonly iss: string;
  /** The product's id. */
  readonly aud: string;
  /** The license's id. */
  readonly sub: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  /** The plan's slug. */
  readonly plan: string;
  readonly status: string;
  readonly entitlements: Readonly<Record<string, unknown>>;
  /** Base64url SHA-256 of the identifier that the lease is bound to. */
  readonly fingerprint_hash: string | null;
  /** RFC 3339: later releases are not included; null or undefined = all are included. */
  readonly updates_until?: string | null;
}

/** Why a lease is not accepted. */
export type LeaseFault =
  | 'LEASE_MALFORMED'
  | 'LEASE_UNTRUSTED_KEY'
  | 'LEASE_BAD_SIGNATURE'
  | 'LEASE_WRONG_PRODUCT'
  | 'LEASE_WRONG_DEVICE'
  | 'LEASE_NOT_YET_VALID'
  | 'LEASE_EXPIRED';

/**
 * Checks form, key and signature of a lease token: a JWS in compact form with exactly the header that Keyledger writes.
 * The algorithm is fixed, not read from the token: `none`, HMAC, embedded keys and critical extensions are refused.
 */
export const readLease = async (token: string, keys: TrustedKeys): Promise<LeaseClaims | LeaseFault> => {
  const [head = '', payload = '', signature = '', ...rest] = token.split('.');
  const header = jsonOf(head);
  const bytes = fromBase64Url(signature);
  if (header?.['alg'] !== 'EdDSA' || header['typ'] !== 'lease+jwt' || rest.length > 0) return 'LEASE_MALFORMED';
  if (['crit', 'b64', 'jwk', 'jku', 'x5c', 'x5u'].some((name) => name in header)) return 'LEASE_MALFORMED';
  if (bytes?.length !== 64) return 'LEASE_MALFORMED';
  const key = keys.get(String(header['kid']));
  if (key === undefined) return 'LEASE_UNTRUSTED_KEY';
  // Strict (RFC 8032 §5.1.7), not ZIP 215: S must be below the group order, so a signature cannot be altered.
  const good = await verifyAsync(bytes, utf8(`${head}.${payload}`), key, { zip215: false });
  if (!good) return 'LEASE_BAD_SIGNATURE';
  const claims = jsonOf(payload);
  return claims !== undefined && isClaims(claims) ? claims : 'LEASE_MALFORMED';
};

/** The `kid` in the header of a token, which is not verified; undefined when the text is not a token. */
export const namedKey = (token: string): string | undefined => {
  const kid = jsonOf(token.split('.')[0] ?? '')?.['kid'];
  return typeof kid === 'string' ? kid : undefined;
};

export interface LeaseTerms {
  readonly product: string;
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long the lease stays valid after its end, in milliseconds. */
  readonly grace: number;
}

/** Checks that a lease is for this product and device and valid now. */
export const judgeLease = (
  claims: LeaseClaims,
  { product, fingerprint, now, grace }: LeaseTerms,
): LeaseFault | 'OK' => {
  if (claims.aud !== product) return 'LEASE_WRONG_PRODUCT';
  if (claims.fingerprint_hash !== fingerprint) return 'LEASE_WRONG_DEVICE';
  if (now + CLOCK_TOLERANCE_MS < Math.max(claims.nbf, claims.iat) * 1000) return 'LEASE_NOT_YET_VALID';
  if (now >= claims.exp * 1000 + grace) return 'LEASE_EXPIRED';
  return 'OK';
};

/** Whether a program was released after the time until which the license includes new releases. */
export const isBeyondUpdates = ({ updates_until }: LeaseClaims, releaseDate: string | null): boolean =>
  releaseDate !== null && updates_until != null && Date.parse(releaseDate) > Date.parse(updates_until);

const jsonOf = (part: string): Record<string, unknown> | undefined => {
  const bytes = fromBase64Url(part);
  if (bytes === undefined) return undefined;
  try {
    return asObject(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return undefined;
  }
};

const isClaims = (claims: object): claims is LeaseClaims => {
  const { iss, aud, sub, iat, nbf, exp, plan, status, entitlements, fingerprint_hash, updates_until } =
    claims as Partial<Record<keyof LeaseClaims, unknown>>;
  return (
    [iss, aud, sub, plan, status].every((text) => typeof text === 'string') &&
    [iat, nbf, exp].every((time) => Number.isSafeInteger(time)) &&
    asObject(entitlements) !== undefined &&
    (fingerprint_hash === null || typeof fingerprint_hash === 'string') &&
    (updates_until == null || (typeof updates_until === 'string' && !Number.isNaN(Date.parse(updates_until))))
  );
};
