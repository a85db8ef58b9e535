/** Decodes base64url (RFC 4648 §5, no padding); undefined for text that no encoder writes. */
export const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
  // Each signature has exactly one text: the unused bits of the last character must be zero.
  return toBase64Url(bytes) === text ? bytes : undefined;
};

/** Decodes base64. @throws DOMException when the text is not base64 */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Base64url of the SHA-256 of a text in UTF-8. */
export const sha256 = async (text: string): Promise<string> =>
  toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))));

/** Hash that activations and leases are bound to: of the identifier in Unicode NFC, without white space around it. */
export const fingerprintOf = (identifier: string): Promise<string> => sha256(identifier.normalize('NFC').trim());

/** A JSON object, or undefined: data from the network or a disk may have any type. */
export const asObject = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
