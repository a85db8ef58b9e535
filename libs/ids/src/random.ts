import { randomFillSync } from 'node:crypto';

/** Random bytes are drawn 4 KiB at a time: one call per id would cost more than the rest of a request's bookkeeping. */
const pool = Buffer.allocUnsafe(4096);
let drawn = pool.length;

/**
 * Random bytes for ids. Not for secrets, which draw their own bytes.
 * @param bytes at most 4,096
 * @returns a view that is valid until the next call
 */
export const drawRandom = (bytes: number): Buffer => {
  if (drawn + bytes > pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  drawn += bytes;
  return pool.subarray(drawn - bytes, drawn);
};
