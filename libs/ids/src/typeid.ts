import { v7 } from 'uuid';
import { drawRandom } from './random.ts';

/** Crockford's base32. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
/** The two digits of each 10-bit value. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => `${DIGITS.charAt(bits >> 5)}${DIGITS.charAt(bits & 31)}`);

/** Time and counter of the last id. In each millisecond the counter starts at a random value in the lower half of its range. */
let msecs = 0;
let seq = 0;

/** A new id that sorts by time, also among those of the same millisecond (UUIDv7), e.g. `lic_01jd1zx0h8e4rvy2m6k9w3q5tb`. */
export const newTypeid = (prefix: string): string => {
  const random = drawRandom(16);
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    seq = random.readUInt32BE() >>> 1;
  } else {
    seq += 1;
  }
  return typeidOf(prefix, v7({ random, msecs, seq }, new Uint8Array(16)));
};

/**
 * A prefix, `_`, and a UUID as 26 digits (TypeID 0.3). docs/decisions/ids.md explains why no library does this.
 * @param uuid 16 bytes
 */
export const typeidOf = (prefix: string, uuid: Uint8Array): string => {
  let id = `${prefix}_`;
  // 128 bits after two zero bits.
  let bits = 0;
  let held = 2;
  for (const byte of uuid) {
    bits = (bits << 8) | byte;
    held += 8;
    if (held < 10) continue;
    held -= 10;
    id += PAIRS[bits >> held] ?? '';
    bits &= (1 << held) - 1;
  }
  return id;
};

/** The first ten digits are 48 bits of time, after two zero bits. */
const TYPEID = /_([0-7][0-9a-hjkmnp-tv-z]{9})[0-9a-hjkmnp-tv-z]{16}$/;

/** Whether a text ends like a TypeID. */
export const isTypeid = (text: string): boolean => TYPEID.test(text);

/**
 * When an id was created, in milliseconds since 1970: the first 48 bits of a UUIDv7. With the two leading zero bits, they are
 * the first ten digits.
 * @throws if it is not a TypeID
 */
export const timeOfTypeid = (id: string): number => {
  const digits = TYPEID.exec(id)?.[1];
  if (digits === undefined) throw new Error(`${id} is no TypeID`);
  let time = 0;
  for (const digit of digits) time = time * 32 + DIGITS.indexOf(digit);
  return time;
};
