/** Base64url (RFC 4648 §5, no padding) to bytes; undefined for what no encoder would have written. */
export const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
  // Two texts must not mean one signature: bits that the last character has to spare are zero.
  return toBase64Url(bytes) === text ? bytes : undefined;
};

/** @throws when it is not base64 */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Base64url SHA-256 of a text's UTF-8. */
export const sha256 = async (text: string): Promise<string> =>
  toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))));

/** What activations and leases are bound to: the hash of the identifier in Unicode NFC, without white space around it. */
export const fingerprintOf = (identifier: string): Promise<string> => sha256(identifier.normalize('NFC').trim());

/** An object of JSON, or undefined: what comes over the wire or from disk is not what a type says. */
export const asObject = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
