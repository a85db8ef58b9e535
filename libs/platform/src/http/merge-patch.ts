import { Problem } from './problem.ts';

type Json = Readonly<Record<string, unknown>>;

/** Limits of the merged metadata: the same as for metadata that is set as a whole. */
const KEYS = 50;
const BYTES = 16_384;

/**
 * JSON Merge Patch (RFC 7396) on metadata: null removes, objects merge, everything else replaces.
 * @throws Problem 400 when the result is larger than metadata may be
 */
export const mergePatch = (target: Json, patch: Json): Json => {
  const merged = merge(target, patch) as Json;
  if (Object.keys(merged).length > KEYS || Buffer.byteLength(JSON.stringify(merged)) > BYTES) {
    throw new Problem(400, 'VALIDATION_FAILED', `metadata would have more than ${KEYS} keys or ${BYTES} bytes.`, {
      errors: [{ pointer: '/metadata', detail: `would have more than ${KEYS} keys or ${BYTES} bytes` }],
    });
  }
  return merged;
};

const merge = (target: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
};

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
