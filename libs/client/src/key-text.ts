/** White space, and characters that show nothing: joiners, soft hyphens, direction marks, byte order marks, fillers. */
const UNSEEN = /[\p{White_Space}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Dashes of all kinds, and the characters that keyboards and word processors put in their place: ⁃ ˗ ー ─. */
const DASHES = /[\p{Dash}\u2043\u02d7\u30fc\u2500]/gu;

/**
 * The characters of a pasted text that can be seen. Line breaks of a secret file or a mail program, tabs, non-breaking spaces
 * and zero-width characters come along unnoticed, and are never part of a key, a code or a token.
 */
export const visible = (text: string): string => text.replace(UNSEEN, '');

/** Whether a key without unseen characters is a signed one: a compact JWS (RFC 7515 §7.1), three parts between dots. */
export const isSignedKey = (key: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(key);

/**
 * The text of a license key or redemption code as it is compared: without white space and invisible characters. A random key
 * is also in Unicode NFKC, without dashes, in capitals, with letters that are easily mistaken read as digits (O as 0, I and L
 * as 1). A signed key keeps its letters, `-` and `_`: each has a meaning in base64url.
 *
 * Server, client and the license-file example share this function. Normalizing twice changes nothing more.
 */
export const normalizeLicenseKey = (text: string): string => {
  const key = visible(text);
  if (isSignedKey(key)) return key;
  // NFKC may write one character as several, with spaces and dashes among them.
  return visible(key.normalize('NFKC').toUpperCase())
    .replace(DASHES, '')
    .normalize('NFKC')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
};

/** The normal form of a key; null for a text in which nothing can be seen. */
export const keyOf = (text: string): string | null => normalizeLicenseKey(text) || null;
