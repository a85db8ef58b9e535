import { createHash } from 'node:crypto';
import type { UsageEvent } from './usage.ts';

const FIELD = 'unique_key';
/** 128 bits: different values of a license never share a hash in practice. */
const LENGTH = 22;

/**
 * The `unique_key` in the metadata of a usage record, hashed with the license: what prices with the aggregation `unique` count. The
 * value itself may name a person and stays in licensing.
 * @returns base64url; null if the record has none
 */
export const uniqueKeyOf = (event: object): string | null => {
  const { license_id, metadata } = event as Partial<Extract<UsageEvent, { type: 'usage.recorded' }>>;
  const value = metadata?.[FIELD];
  if (license_id === undefined || (typeof value !== 'string' && typeof value !== 'number')) return null;
  return createHash('sha256').update(`${license_id}\0${value}`).digest('base64url').slice(0, LENGTH);
};
