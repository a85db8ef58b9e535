/** Secrets at rest and keyed hashes, for one service. Derived by HKDF-SHA256 with the purpose as info. */
export interface MasterKey {
  /** AES-256-GCM, random nonce, key id in front: `<kid>.<base64url(nonce|ciphertext|tag)>`. `context` is authenticated. */
  seal(purpose: string, plaintext: string | Uint8Array, context?: string): string;
  /** @throws when it was not sealed by this service for this purpose and context */
  open(purpose: string, sealed: string, context?: string): Uint8Array;
  /** HMAC-SHA256, base64url: for looking up secrets (license keys, API keys) and for ids of people. It never changes. */
  hash(purpose: string, value: string): string;
}

/** One key of 32 bytes and what is derived from it. */
export interface RootKey extends MasterKey {
  /** First 8 letters of a hash of the key: what is sealed under it begins with them and a dot. */
  readonly kid: string;
  /** The key itself, 32 bytes: to be wrapped, and for nothing else. */
  bytes(): Uint8Array;
  /** 32 bytes for one purpose; the same each time. */
  derive(purpose: string): Uint8Array;
}

/** Under which key something is sealed. */
export const sealedUnder = (sealed: string): string => sealed.slice(0, sealed.indexOf('.'));
