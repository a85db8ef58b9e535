import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { type RootKey, sealedUnder } from './keys.ts';

const NONCE = 12;
const TAG = 16;

/**
 * @param master 32 bytes
 * @returns HKDF-SHA256 subkeys (RFC 5869; empty salt, `keyledger/<purpose>` as info), AES-256-GCM (NIST SP 800-38D) under them
 */
export const createMasterKey = (master: Uint8Array): RootKey => {
  const subkeys = new Map<string, KeyObject>();
  const kid = createHash('sha256').update('keyledger/kid').update(master).digest('base64url').slice(0, 8);

  /** Key objects are kept: making one of the bytes anew costs more than the cipher does. */
  const subkey = (purpose: string): KeyObject => {
    let key = subkeys.get(purpose);
    if (key === undefined) {
      key = createSecretKey(Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `keyledger/${purpose}`, 32)));
      subkeys.set(purpose, key);
    }
    return key;
  };

  return {
    kid,
    bytes: () => master,
    derive: (purpose) => subkey(purpose).export(),
    seal: (purpose, plaintext, context = '') => {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', subkey(purpose), nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      return `${kid}.${body.toString('base64url')}`;
    },
    open: (purpose, sealed, context = '') => {
      const under = sealedUnder(sealed);
      if (under !== kid) throw new Error(`sealed under another master key (${under}, this one is ${kid})`);
      const body = Buffer.from(sealed.slice(under.length + 1), 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', subkey(purpose), body.subarray(0, NONCE), { authTagLength: TAG })
        .setAAD(Buffer.from(context))
        .setAuthTag(body.subarray(-TAG));
      return Buffer.concat([decipher.update(body.subarray(NONCE, -TAG)), decipher.final()]);
    },
    hash: (purpose, value) => createHmac('sha256', subkey(purpose)).update(value).digest('base64url'),
  };
};
