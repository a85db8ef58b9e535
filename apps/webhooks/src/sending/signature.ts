import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** A secret's key bytes. @throws when it is not `whsec_` and base64 */
export const keyOf = (secret: string): Buffer => {
  if (!secret.startsWith(PREFIX)) throw new Error('a webhook secret begins with whsec_');
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
};

/**
 * The headers of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body` under each key.
 * @param keys the present secret's key first, then those that sign along
 */
export const signatureHeaders = (
  id: string,
  at: Date,
  body: string,
  keys: readonly Uint8Array[],
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> => {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const sign = (key: Uint8Array): string =>
    `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': keys.map(sign).join(' ') };
};
