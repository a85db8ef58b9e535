import { customerId } from '#domain/shared/id';
import type { MasterKey } from '#platform/crypto/keys';
import { emailIdentity } from '#platform/mail/address';

/** The id of the person with an e-mail address: the same for all spellings of it. The address cannot be derived from the id. */
export const customerOf = (masterKey: MasterKey, email: string): string =>
  customerId(Buffer.from(masterKey.hash('customer', emailIdentity(email)), 'base64url'));
