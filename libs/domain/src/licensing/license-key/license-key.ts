/** Crockford base32: no I, L, O, U, so that a key can be read aloud and typed from paper. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Check symbols stand for 0–36: the alphabet and five more (Crockford). */
const CHECK = `${ALPHABET}*~$=U`;
const LETTERS = 26;
const GROUP = 5;

/** Random bytes that a key is made of: 130 bits of letters, 5 bits from each byte, so that no letter is likelier than another. */
export const KEY_BYTES = LETTERS;

/**
 * A licence key in groups of five, e.g. `ACME-7K2QM-…`: prefix, 26 random letters (130 bits), and a check symbol that
 * finds every single wrong letter and every swap of neighbours (Crockford's modulo 37, of the letters' number).
 * @param random `KEY_BYTES` bytes from a cryptographic source
 */
export const licenseKey = (random: Uint8Array, prefix: string | null): string => {
  if (random.length !== KEY_BYTES) throw new Error(`a key is made of ${KEY_BYTES} bytes`);
  const letters = Array.from(random, (byte) => ALPHABET[byte & 31]).join('');
  const groups = `${letters}${checkSymbol(letters)}`.match(new RegExp(`.{1,${GROUP}}`, 'g')) ?? [];
  return [...(prefix === null ? [] : [prefix.toUpperCase()]), ...groups].join('-');
};

/**
 * A key as it is compared: without spaces and dashes, in capitals, with the letters that are easily mistaken read as what
 * they must be (O as 0; I and L as 1). A signed key has meaning in its case and is only trimmed.
 */
export const normalizeLicenseKey = (text: string): string => {
  const trimmed = text.trim();
  if (isSignedKey(trimmed)) return trimmed;
  return trimmed
    .replace(/[\s\-\u2010-\u2015]/g, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
};

/** A signed key is a compact JWS: three parts between dots. */
export const isSignedKey = (text: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);

const checkSymbol = (letters: string): string => {
  let rest = 0;
  for (const letter of letters) rest = (rest * 32 + ALPHABET.indexOf(letter)) % 37;
  return CHECK[rest] ?? '';
};

/** Whether the last letters of a normalised key have the right check symbol: tells a slip of the pen from an unknown key. */
export const hasValidCheckSymbol = (normalized: string): boolean => {
  const body = normalized.slice(-(LETTERS + 1));
  const letters = body.slice(0, LETTERS);
  return (
    body.length === LETTERS + 1 && /^[0-9A-HJKMNP-TV-Z]+$/.test(letters) && checkSymbol(letters) === body.slice(-1)
  );
};
