import type { LicenseStatus } from '../license/license.ts';

/** How long a lease lives, in seconds: seven days. */
export const LEASE_SECONDS = 7 * 24 * 3600;

/** Claims of an offline token: what the app may rely on until `exp` without another request. Times in seconds (RFC 7519). */
export interface LeaseClaims {
  readonly iss: string;
  /** The product's id. */
  readonly aud: string;
  /** The license's id. */
  readonly sub: string;
  readonly jti: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  /** The plan's slug. */
  readonly plan: string;
  readonly status: LicenseStatus;
  readonly entitlements: Readonly<Record<string, unknown>>;
  /** Base64url SHA-256 of the identifier it is bound to; null = none was sent. */
  readonly fingerprint_hash: string | null;
  readonly license_version: number;
  /** RFC 3339: releases after it are not included in the license; null = all are. */
  readonly updates_until: string | null;
}

/** A lease never outlives the license and its grace. @param worksUntil end of grace in milliseconds, null = no end */
export const leaseEnd = (nowSeconds: number, worksUntil: number | null): number =>
  Math.min(nowSeconds + LEASE_SECONDS, worksUntil === null ? Infinity : Math.floor(worksUntil / 1000));

/** A lease may be returned again while more than half of its life is left. */
export const isFresh = ({ iat, exp }: Pick<LeaseClaims, 'iat' | 'exp'>, nowSeconds: number): boolean =>
  exp - nowSeconds > (exp - iat) / 2;

/** Claims of a license key that is itself a signed envelope. */
export interface SignedKeyClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly iat: number;
  readonly jti: string;
}

export type JwsType = 'lease+jwt' | 'license+jwt';

/**
 * JWS compact serialization (RFC 7515) with `alg: EdDSA`.
 * @param sign Ed25519 over the signing input's bytes
 */
export const compactJws = (
  typ: JwsType,
  kid: string,
  claims: object,
  sign: (input: Uint8Array) => Uint8Array,
): string => {
  const input = `${encode({ alg: 'EdDSA', typ, kid })}.${encode(claims)}`;
  return `${input}.${Buffer.from(sign(Buffer.from(input))).toString('base64url')}`;
};

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
