import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { open, seal } from '#events/sealing';
import { type RootKey, sealedUnder } from './keys.ts';

/**
 * @param master 32 bytes
 * @returns HKDF-SHA256 subkeys (RFC 5869; empty salt, `keyledger/<purpose>` as info), AES-256-GCM under them
 */
export const createMasterKey = (master: Uint8Array): RootKey => {
  const subkeys = new Map<string, KeyObject>();
  const kid = createHash('sha256').update('keyledger/kid').update(master).digest('base64url').slice(0, 8);

  /** Caches key objects: creating one from bytes costs more than the encryption. */
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
    seal: (purpose, plaintext, context) => `${kid}.${seal(subkey(purpose), plaintext, context).toString('base64url')}`,
    open: (purpose, sealed, context) => {
      const under = sealedUnder(sealed);
      if (under !== kid) throw new Error(`sealed under another master key (${under}, this one is ${kid})`);
      return open(subkey(purpose), Buffer.from(sealed.slice(under.length + 1), 'base64url'), context);
    },
    hash: (purpose, value) => createHmac('sha256', subkey(purpose)).update(value).digest('base64url'),
  };
};
