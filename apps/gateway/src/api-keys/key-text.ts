import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Number of visible characters of a key, and of secret ones: 32 × log2(62) = 190 bits. */
const VISIBLE = 8;
const SECRET = 32;

export interface ApiKeyText {
  /** The whole key, which is shown once. */
  readonly text: string;
  /** The beginning of the key, for lists. */
  readonly prefix: string;
}

/** `kl_` and 40 letters and digits. `_` is the only other sign, so that a double click selects the whole key. */
export const newApiKeyText = (): ApiKeyText => {
  const text = `kl_${letters(VISIBLE + SECRET)}`;
  return { text, prefix: text.slice(0, 'kl_'.length + VISIBLE) };
};

/** Visible beginning of a key that an operator chose: at most a quarter of it. */
export const prefixOf = (text: string): string =>
  text.slice(0, Math.min('kl_'.length + VISIBLE, Math.floor(text.length / 4)));

/** Bytes that would favor the first letters are discarded: 248 = 4 × 62. */
const letters = (length: number): string => {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
    }
  }
  return text;
};
