/** Secrets at rest and keyed hashes, all derived from the master key by HKDF-SHA256 with the purpose as info. */
export interface MasterKey {
  /** 32 bytes for one purpose; the same each time. */
  derive(purpose: string): Uint8Array;
  /** AES-256-GCM, random nonce, key id in front: `<kid>.<base64url(nonce|ciphertext|tag)>`. `context` is authenticated. */
  seal(purpose: string, plaintext: string | Uint8Array, context?: string): string;
  /** @throws when it was not sealed by this master key for this purpose and context */
  open(purpose: string, sealed: string, context?: string): Uint8Array;
  /** HMAC-SHA256, base64url: for looking up secrets (licence keys, API keys) and for ids of people. */
  hash(purpose: string, value: string): string;
}
