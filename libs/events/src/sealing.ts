import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The bytes were sealed under another key or for another context, or they were changed since. */
export class NotAuthenticError extends Error {
  override readonly name = 'NotAuthenticError';
}

/**
 * Encrypts with AES-256-GCM (NIST SP 800-38D).
 * @param key 32 bytes
 * @param context authenticated, not encrypted: the bytes open only with the same one
 * @param nonce 12 bytes, random by default. Give one only where the same plaintext must give the same bytes again: two
 *   plaintexts under one key and nonce reveal both
 * @returns nonce, ciphertext and tag, in one piece
 */
export const seal = (
  key: KeyObject | Uint8Array,
  plaintext: string | Uint8Array,
  context = '',
  nonce: Uint8Array = randomBytes(NONCE_BYTES),
): Buffer => {
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
};

/**
 * Decrypts the bytes that `seal` returned.
 * @throws NotAuthenticError if the key or the context differs, or the bytes were changed; another error if the bytes are too few
 */
export const open = (key: KeyObject | Uint8Array, sealed: Uint8Array, context = ''): Buffer => {
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  const plaintext = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch (error) {
    throw new NotAuthenticError('sealed under another key or for another context, or damaged', { cause: error });
  }
};
