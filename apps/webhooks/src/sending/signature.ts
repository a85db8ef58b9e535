import {
  createHmac,
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signed,
} from 'node:crypto';

const PREFIX = 'whsec_';

/** The key bytes of a secret (`whsec_` and base64). @throws when the prefix is missing */
export const keyOf = (secret: string): Buffer => {
  if (!secret.startsWith(PREFIX)) throw new Error('a webhook secret starts with whsec_');
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
};

/** Signs `id.timestamp.body`, as Standard Webhooks 1.0 specifies. @returns one part of `webhook-signature` */
export type Signer = (content: string) => string;

/** `v1`: HMAC-SHA256. */
export const hmacSigner = (key: Uint8Array): Signer => {
  // Made once: from bytes, Node would make a key object for each signature, which takes longer than signing.
  const secret = createSecretKey(key);
  return (content) => `v1,${createHmac('sha256', secret).update(content).digest('base64')}`;
};

/** `v1a`: Ed25519 (RFC 8032). */
export const ed25519Signer =
  (key: KeyObject): Signer =>
  (content) =>
    `v1a,${signed(null, Buffer.from(content), key).toString('base64')}`;

/** A new Ed25519 pair in the format of Standard Webhooks: `whsk_` and base64 of seed and public key; `whpk_` and base64 of the public key. */
export const newSigningPair = (): { secret_key: string; public_key: string } => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  return {
    secret_key: `whsk_${Buffer.concat([seed, point]).toString('base64')}`,
    public_key: `whpk_${point.toString('base64')}`,
  };
};

/** The private key of a `whsk_` secret. */
export const signingKeyOf = (secretKey: string): KeyObject => {
  const bytes = Buffer.from(secretKey.slice('whsk_'.length), 'base64');
  const [d, x] = [bytes.subarray(0, 32), bytes.subarray(32)].map((part) => part.toString('base64url'));
  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
};

/**
 * The headers of Standard Webhooks 1.0.
 * @param signers those of the current secret first, then those of replaced secrets that are still valid
 */
export const signatureHeaders = (
  id: string,
  at: Date,
  body: string,
  signers: readonly Signer[],
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> => {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signers.map((sign) => sign(content)).join(' '),
  };
};
