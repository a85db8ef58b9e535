import type { MasterKey } from '../crypto/keys.ts';
import { emailIdentity } from './address.ts';

/**
 * A keyed hash of an e-mail address, base64url: the same for all spellings of the address, and in all services. The address
 * cannot be derived from it.
 */
export const emailHash = (masterKey: MasterKey, email: string): string =>
  masterKey.hash('customer', emailIdentity(email));
