/** Crockford base32: no I, L, O, U, so that a key can be read aloud and typed from paper. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Check symbols stand for 0–36: the alphabet and five more (Crockford). */
const CHECK = `${ALPHABET}*~$=U`;
const LETTERS = 26;
const GROUP = 5;

/** Random bytes of one draw: 26 letters of 5 bits, each from a byte of its own, so that all letters are equally likely. */
export const KEY_BYTES = LETTERS;

/**
 * A license key in groups of five, e.g. `ACME-7K2QM-…`: prefix, 26 random letters, and a check symbol that detects every
 * single wrong letter and every swap of neighbors (Crockford: the letters, read as a number, modulo 37).
 *
 * Letters whose check symbol is `*`, `~`, `$` or `=` are drawn again: double clicks, Markdown, shells and mail programs lose
 * such an ending. The 33 of 37 keys that remain are equally likely: log2(32^26 × 33/37) = 129.8 bits.
 * @param draw gives `KEY_BYTES` bytes from a cryptographic source, others at each call
 */
export const licenseKey = (draw: () => Uint8Array, prefix: string | null): string => {
  const groups = checkedLetters(draw).match(new RegExp(`.{1,${GROUP}}`, 'g')) ?? [];
  return [...(prefix === null ? [] : [prefix.toUpperCase()]), ...groups].join('-');
};

/** Letters with their check symbol. */
const checkedLetters = (draw: () => Uint8Array): string => {
  for (;;) {
    const random = draw();
    if (random.length !== KEY_BYTES) throw new Error(`a key needs ${KEY_BYTES} bytes`);
    const letters = Array.from(random, (byte) => ALPHABET[byte & 31]).join('');
    const symbol = checkSymbol(letters);
    if (/[0-9A-Z]/.test(symbol)) return `${letters}${symbol}`;
  }
};

const checkSymbol = (letters: string): string => {
  let rest = 0;
  for (const letter of letters) rest = (rest * 32 + ALPHABET.indexOf(letter)) % 37;
  return CHECK[rest] ?? '';
};

/** Whether a normalized key ends in the check symbol of its letters, `*~$=` included. Tells typing errors from unknown keys. */
export const hasValidCheckSymbol = (normalized: string): boolean => {
  const body = normalized.slice(-(LETTERS + 1));
  const letters = body.slice(0, LETTERS);
  return (
    body.length === LETTERS + 1 && /^[0-9A-HJKMNP-TV-Z]+$/.test(letters) && checkSymbol(letters) === body.slice(-1)
  );
};
