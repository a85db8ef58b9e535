import { createHash } from 'node:crypto';
import { derivedId, type IdPrefix, newId } from '#domain/shared/id';
import type { Call, EndpointContract } from '#platform/http/endpoint';

/**
 * A new id. Calls with an Idempotency-Key get the same id again: what a crash interrupted goes on, and nothing happens twice.
 */
export const repeatableId = <C extends EndpointContract>(call: Call<C>, prefix: IdPrefix, about: string): string => {
  const key = call.header('idempotency-key');
  if (key === undefined) return newId(prefix);
  const text = JSON.stringify([call.principal.actor, prefix, about, key]);
  return derivedId(prefix, createHash('sha256').update(text).digest());
};
