import { customerId } from '#domain/shared/id';
import type { MasterKey } from '#platform/crypto/keys';
import { emailHash } from '#platform/mail/email-hash';

/** The id of the person with an e-mail address: the same for all spellings of it. The address cannot be derived from the id. */
export const customerOf = (masterKey: MasterKey, email: string): string =>
  customerId(Buffer.from(emailHash(masterKey, email), 'base64url'));
