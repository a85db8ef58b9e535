import { refuse } from './license.errors.ts';
import type { License, LicenseEvent } from './license.ts';

/** Gives a license a new key. The old key stops working with this event. */
export interface RotateKey {
  readonly type: 'RotateKey';
  /** Keyed hash by which the new key is found. */
  readonly key_hash: string;
  /** The new key, encrypted. */
  readonly key_sealed: string;
  readonly reason: string | null;
}

/** Allowed in every state but revoked. A suspended license too: it must not come back from suspension with a leaked key. */
export const rotateKey = (
  { key_hash, key_sealed, reason }: RotateKey,
  { status, product_id }: License,
): readonly LicenseEvent[] => {
  if (status === 'revoked') return refuse('LICENSE_REVOKED');
  return [{ type: 'license.key_rotated', product_id, key_hash, key_sealed, reason }];
};
