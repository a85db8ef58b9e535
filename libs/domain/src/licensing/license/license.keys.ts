import { refuse } from './license.errors.ts';
import type { License, LicenseEvent } from './license.ts';

/** Gives a license another key. The one before is worth nothing from the event on. */
export interface RotateKey {
  readonly type: 'RotateKey';
  /** Keyed hash by which the new key is found. */
  readonly key_hash: string;
  /** The new key, encrypted. */
  readonly key_sealed: string;
  readonly reason: string | null;
}

/** Allowed in every state but one: whoever's license comes back from suspension shall not come back with a key that got out. */
export const rotateKey = (
  { key_hash, key_sealed, reason }: RotateKey,
  { status, product_id }: License,
): readonly LicenseEvent[] => {
  if (status === 'revoked') return refuse('LICENSE_REVOKED');
  return [{ type: 'license.key_rotated', product_id, key_hash, key_sealed, reason }];
};
