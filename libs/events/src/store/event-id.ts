import { randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const random = Buffer.allocUnsafe(10 * 512);
let drawn = random.length;

/** `evt_` and a UUIDv7 in Crockford base32 (TypeID 0.3): 48 bits of milliseconds, then 74 random bits. */
export const newEventId = (now: number = Date.now()): string => {
  if (drawn === random.length) {
    randomFillSync(random);
    drawn = 0;
  }
  const r = random.subarray(drawn, (drawn += 10));
  const byte = (i: number): number => r[i] ?? 0;
  const high = Math.floor(now / 2 ** 16);
  const uuid = [
    (high >>> 24) & 255,
    (high >>> 16) & 255,
    (high >>> 8) & 255,
    high & 255,
    (now >>> 8) & 255,
    now & 255,
    0x70 | (byte(0) & 0x0f),
    byte(1),
    0x80 | (byte(2) & 0x3f),
    ...r.subarray(3),
  ];
  // 128 bits in 26 letters of 5: the first letter holds the top 3 bits.
  let text = '';
  let bits = 2;
  let value = 0;
  for (const octet of uuid) {
    value = (value << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return `evt_${text}`;
};
