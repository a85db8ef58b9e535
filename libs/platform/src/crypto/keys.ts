/** Secrets at rest and keyed hashes, for one service. Derived by HKDF-SHA256 with the purpose as info. */
export interface MasterKey {
  /** AES-256-GCM, random nonce, key id in front: `<kid>.<base64url(nonce|ciphertext|tag)>`. `context` is authenticated. */
  seal(purpose: string, plaintext: string | Uint8Array, context?: string): string;
  /** @throws if it was not sealed by this service for this purpose and context */
  open(purpose: string, sealed: string, context?: string): Uint8Array;
  /**
   * HMAC-SHA256, base64url: for looking up secrets (license keys, API keys) and for ids of people. The hash of a text never
   * changes.
   */
  hash(purpose: string, value: string): string;
}

/** One key of 32 bytes and the keys derived from it. */
export interface RootKey extends MasterKey {
  /** First 8 letters of a hash of the key: values sealed under it begin with these letters and a dot. */
  readonly kid: string;
  /** The key itself, 32 bytes: use it only to wrap it. */
  bytes(): Uint8Array;
  /** A derived key of 32 bytes for one purpose; always the same. */
  derive(purpose: string): Uint8Array;
}

/** Id of the key that a value is sealed under. */
export const sealedUnder = (sealed: string): string => sealed.slice(0, sealed.indexOf('.'));
