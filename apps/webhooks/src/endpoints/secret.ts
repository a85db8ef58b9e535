import { type KeyObject, randomBytes } from 'node:crypto';
import type { SigningKey } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { MasterKey } from '#platform/crypto/keys';
import { keyOf, newSigningPair, signingKeyOf } from '../sending/signature.ts';

const PURPOSE = 'webhook-secret';
const SIGNING_PURPOSE = 'webhook-signing-key';
const CREDENTIAL_PURPOSE = 'webhook-credential';

/** The part of the master key that opens secrets. */
export type Opening = Pick<MasterKey, 'open'>;

/** A new secret in the format of Standard Webhooks 1.0: `whsec_` and base64 of 32 bytes. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** Seals a secret for events and tables. It is bound to its endpoint, so it cannot be opened for another one. */
export const sealSecret = (masterKey: MasterKey, endpointId: string, secret: string): string =>
  masterKey.seal(PURPOSE, secret, endpointId);

/** Opens the signing key. @throws when it was not sealed for this endpoint */
export const openKey = (masterKey: Opening, endpointId: string, sealed: string): Uint8Array =>
  keyOf(Buffer.from(masterKey.open(PURPOSE, sealed, endpointId)).toString());

/** A new Ed25519 key, sealed. */
export const newSigningKey = (masterKey: MasterKey, endpointId: string): SigningKey => {
  const { secret_key, public_key } = newSigningPair();
  return { sealed: masterKey.seal(SIGNING_PURPOSE, secret_key, endpointId), public_key };
};

export const openSigningKey = (masterKey: Opening, endpointId: string, sealed: string): KeyObject =>
  signingKeyOf(Buffer.from(masterKey.open(SIGNING_PURPOSE, sealed, endpointId)).toString());

/** Opens what authenticates deliveries to the endpoint: header values, client secrets, private keys. */
export const sealCredential = (masterKey: MasterKey, endpointId: string, credential: string): string =>
  masterKey.seal(CREDENTIAL_PURPOSE, credential, endpointId);

export const openCredential = (masterKey: Opening, endpointId: string, sealed: string): string =>
  Buffer.from(masterKey.open(CREDENTIAL_PURPOSE, sealed, endpointId)).toString();
