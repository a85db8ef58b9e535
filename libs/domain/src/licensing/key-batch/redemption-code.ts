/** Crockford base32: no I, L, O, U, so that a code can be read from a card and typed. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LETTERS = 20;
const GROUP = 5;

/** Random bytes that a redemption code is made of: 100 bits of letters, 5 bits from each byte. */
export const CODE_BYTES = LETTERS;

/**
 * A redemption code, e.g. `7K2QM-01ABC-9ZXWV-H4T8R`: letters and digits only, without a check symbol. It is compared in the
 * form of `normalizeLicenseKey`.
 * @param random `CODE_BYTES` bytes from a cryptographic source
 */
export const redemptionCode = (random: Uint8Array): string => {
  if (random.length !== CODE_BYTES) throw new Error(`a redemption code is made of ${CODE_BYTES} bytes`);
  const letters = Array.from(random, (byte) => ALPHABET[byte & 31]).join('');
  return (letters.match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-');
};
