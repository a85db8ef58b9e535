import { createDecipheriv, createHash, createPublicKey, hkdfSync, verify } from 'node:crypto';
import { normalizeLicenseKey } from '@keyledger/client';

/** How far the clock of this machine may be from the server's, in milliseconds. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * Verifies and decrypts a license file. Needs Node.js and, for the text of the key, @keyledger/client.
 *
 * @param {string} file the text of the file
 * @param {{ licenseKey: string, identifier: string, publicKeys: { kid: string, x: string }[], product: string, now?: number, latest?: number }} known
 *   `publicKeys`: the `keys` of /.well-known/jwks.json, built into the program; `now`: current time in milliseconds since 1970;
 *   `latest`: the latest `now` of all earlier calls, failed ones included, which the program keeps on disk
 * @returns {Record<string, unknown>} the claims
 * @throws {Error} that says why the file is not valid here and now
 */
export const readLicenseFile = (
  file,
  { licenseKey, identifier, publicKeys, product, now = Date.now(), latest = now },
) => {
  const body = /-----BEGIN LICENSE FILE-----([\s\S]+?)-----END LICENSE FILE-----/.exec(file)?.[1];
  if (body === undefined) throw new Error('This is not a license file.');
  const { enc, sig, alg, kid } = JSON.parse(Buffer.from(body, 'base64').toString());
  if (alg !== 'aes-256-gcm+ed25519') throw new Error('This program does not know the format of the file.');

  const jwk = publicKeys.find((key) => key.kid === kid);
  if (jwk === undefined) throw new Error('The file is signed by a key that this program does not trust.');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x }, format: 'jwk' });
  if (!verify(null, Buffer.from(`machine/${enc}`), publicKey, Buffer.from(sig, 'base64')))
    throw new Error('The file has been changed.');

  const fingerprint = createHash('sha256').update(identifier.normalize('NFC').trim()).digest();
  const secret = normalizeLicenseKey(licenseKey);
  const key = Buffer.from(hkdfSync('sha256', secret, fingerprint, 'keyledger/license-file', 32));
  const sealed = Buffer.from(enc, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 });
  decipher.setAuthTag(sealed.subarray(-16));
  let claims;
  try {
    claims = JSON.parse(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString());
  } catch {
    throw new Error('The file is for another license key or another machine.');
  }
  if (claims.fingerprint_hash !== fingerprint.toString('base64url'))
    throw new Error('The file is for another machine.');
  if (claims.aud !== product) throw new Error('The file is for another product.');

  if (now + CLOCK_TOLERANCE_MS < latest) throw new Error('The clock of this machine was set back.');
  // Time never runs backward: a file that was seen expired stays expired.
  const time = Math.max(now, latest);
  if (time + CLOCK_TOLERANCE_MS < claims.nbf * 1000)
    throw new Error('The file is not valid yet: check the clock of this machine.');
  if (time >= claims.exp * 1000) throw new Error('The file has expired.');
  return claims;
};
