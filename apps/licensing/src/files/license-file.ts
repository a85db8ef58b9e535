import { hkdfSync } from 'node:crypto';
import { normalizeLicenseKey } from '#client/key-text';
import type { LeaseClaims } from '#domain/licensing/lease/lease';
import { seal } from '#events/sealing';
import type { Signer } from '../signing-keys/signing-keys.ts';

/** Claims of a license file: those of a lease, and the licensee. */
export type LicenseFileClaims = LeaseClaims & {
  readonly valid_until: string | null;
  readonly licensee: { readonly name: string | null; readonly org_name: string | null };
};

export interface FileLock {
  /** Needed to open the file, together with the identifier of the machine. */
  readonly license_key: string;
  /** Base64url SHA-256 of the machine's identifier. */
  readonly fingerprint_hash: string;
  /** 12 random bytes. */
  readonly nonce: Uint8Array;
}

export const FILE_ALGORITHM = 'aes-256-gcm+ed25519';
const LINE = 64;

/**
 * A license file in a form like PEM: base64 of JSON `{enc, sig, alg, kid}`.
 *
 * `enc` is base64 of nonce, AES-256-GCM of the claims as JSON, and tag; its key is HKDF-SHA256 (RFC 5869) of the normalized
 * license key, with the 32 bytes of the fingerprint's hash as salt and `keyledger/license-file` as info. `sig` is base64 of
 * Ed25519 (RFC 8032) over `machine/` and `enc`, so that nothing has to be decrypted to be verified. The slash keeps these
 * bytes apart from every JWS. docs/license-files.md describes the format for programs that read files.
 */
export const licenseFile = (
  claims: LicenseFileClaims,
  { license_key, fingerprint_hash, nonce }: FileLock,
  { kid, sign }: Signer,
): string => {
  const salt = Buffer.from(fingerprint_hash, 'base64url');
  const key = hkdfSync('sha256', normalizeLicenseKey(license_key), salt, 'keyledger/license-file', 32);
  const enc = seal(Buffer.from(key), JSON.stringify(claims), '', nonce).toString('base64');
  const sig = Buffer.from(sign(Buffer.from(`machine/${enc}`))).toString('base64');
  const body = Buffer.from(JSON.stringify({ enc, sig, alg: FILE_ALGORITHM, kid })).toString('base64');
  const lines = body.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return ['-----BEGIN LICENSE FILE-----', ...lines, '-----END LICENSE FILE-----', ''].join('\n');
};
