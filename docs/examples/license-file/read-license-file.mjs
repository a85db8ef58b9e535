import { createDecipheriv, createHash, createPublicKey, hkdfSync, verify } from 'node:crypto';

/**
 * Verifies and opens a licence file, with nothing but Node.js.
 *
 * @param {string} file the text of the file
 * @param {{ licenseKey: string, identifier: string, publicKeys: { kid: string, x: string }[], product: string, now?: number }} known
 *   `publicKeys`: the `keys` of /.well-known/jwks.json, which the program was built with; `now`: milliseconds
 * @returns {Record<string, unknown>} the claims
 * @throws {Error} that says why the file is not good here and now
 */
export const readLicenseFile = (file, { licenseKey, identifier, publicKeys, product, now = Date.now() }) => {
  const body = /-----BEGIN LICENSE FILE-----([\s\S]+?)-----END LICENSE FILE-----/.exec(file)?.[1];
  if (body === undefined) throw new Error('This is no licence file.');
  const { enc, sig, alg, kid } = JSON.parse(Buffer.from(body, 'base64').toString());
  if (alg !== 'aes-256-gcm+ed25519') throw new Error('The file is written in a way that this program does not know.');

  const jwk = publicKeys.find((key) => key.kid === kid);
  if (jwk === undefined) throw new Error('The file is signed by a key that this program does not trust.');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x }, format: 'jwk' });
  if (!verify(null, Buffer.from(`machine/${enc}`), publicKey, Buffer.from(sig, 'base64')))
    throw new Error('The file has been changed.');

  const fingerprint = createHash('sha256').update(identifier.normalize('NFC').trim()).digest();
  const key = Buffer.from(hkdfSync('sha256', normalized(licenseKey), fingerprint, 'keyledger/license-file', 32));
  const sealed = Buffer.from(enc, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 });
  decipher.setAuthTag(sealed.subarray(-16));
  let claims;
  try {
    claims = JSON.parse(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString());
  } catch {
    throw new Error('The file is for another licence key or another machine.');
  }
  if (claims.fingerprint_hash !== fingerprint.toString('base64url'))
    throw new Error('The file is for another machine.');
  if (claims.aud !== product) throw new Error('The file is for another product.');
  if (now < claims.nbf * 1000) throw new Error('The file is not good yet: does the clock of this machine stand right?');
  if (now >= claims.exp * 1000) throw new Error('The file has expired.');
  return claims;
};

/** A licence key as Keyledger compares it; a signed one (three parts between dots) is only trimmed. */
const normalized = (text) => {
  const key = text.trim();
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(key)) return key;
  return key
    .replace(/[\s\-\u2010-\u2015]/g, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
};
