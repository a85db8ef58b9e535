import { randomBytes } from 'node:crypto';
import type { MasterKey } from '#platform';
import { keyOf } from '../sending/signature.ts';

const PURPOSE = 'webhook-secret';

/** A new secret as Standard Webhooks 1.0 writes it: `whsec_` and base64 of 32 bytes. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** How a secret enters events and tables: bound to its endpoint, so that it opens for no other. */
export const sealSecret = (masterKey: MasterKey, endpointId: string, secret: string): string =>
  masterKey.seal(PURPOSE, secret, endpointId);

/** The key that signs. @throws when it was not sealed for this endpoint */
export const openKey = (masterKey: MasterKey, endpointId: string, sealed: string): Uint8Array =>
  keyOf(Buffer.from(masterKey.open(PURPOSE, sealed, endpointId)).toString());
