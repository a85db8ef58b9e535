import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { normalizeLicenseKey } from '#client/key-text';
import { hasValidCheckSymbol, KEY_BYTES, licenseKey } from './license-key.ts';

const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ZERO = new Uint8Array(KEY_BYTES);

/** Returns these draws, one per call, then throws. */
const draws = (...all: readonly Uint8Array[]): (() => Uint8Array) => {
  const left = all.values();
  return () => {
    const { done, value } = left.next();
    if (done) throw new Error('no more draws');
    return value;
  };
};
const withLast = (bytes: Uint8Array, last: number): Uint8Array => bytes.with(KEY_BYTES - 1, last);
/** A draw and a second one, in case the first is drawn again. The second's last letter is 4 away: it is never drawn again. */
const settled = (bytes: Uint8Array): (() => Uint8Array) => {
  const last = (bytes.at(-1) ?? 0) & 31;
  return draws(bytes, withLast(bytes, last < 28 ? last + 4 : last - 4));
};
const anyBytes = fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES });

describe('a license key', () => {
  it('has groups and a prefix', () => {
    expect(licenseKey(draws(ZERO), 'acme')).toBe('ACME-00000-00000-00000-00000-00000-00');
    expect(licenseKey(() => randomBytes(KEY_BYTES), null)).toMatch(
      /^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z][0-9A-Z]$/,
    );
  });

  it('takes each letter from the low five bits of a byte', () => {
    const bytes = ZERO.map((_, n) => n);
    expect(licenseKey(settled(bytes), null).replaceAll('-', '').slice(0, -2)).toBe(LETTERS.slice(0, KEY_BYTES - 1));
    const firsts = Array.from({ length: 256 }, (_, byte) => licenseKey(settled(ZERO.with(0, byte)), null)[0]);
    for (const letter of LETTERS) expect(firsts.filter((one) => one === letter)).toHaveLength(8);
  });

  it('has every letter equally often, redrawn keys included', () => {
    let count = 0;
    const draw = (): Uint8Array => createHash('sha256').update(`draw ${++count}`).digest().subarray(0, KEY_BYTES);
    const counts = new Map<string, number>();
    const keys = 20_000;
    for (let n = 0; n < keys; n++) {
      for (const letter of licenseKey(draw, null).replaceAll('-', '').slice(0, KEY_BYTES))
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(count / keys).toBeCloseTo(37 / 33, 1);
    const expected = (keys * KEY_BYTES) / LETTERS.length;
    for (const letter of LETTERS) expect((counts.get(letter) ?? 0) / expected).toBeCloseTo(1, 1);
  });

  it('ends in a letter or digit: other check symbols are drawn again', () => {
    // The number of these letters is 32 to 36, so their check symbols are * ~ $ = U.
    const [star, tilde, dollar, equals, u] = [0, 1, 2, 3, 4].map((last) => withLast(ZERO.with(24, 1), last));
    for (const lost of [star, tilde, dollar, equals]) {
      expect(licenseKey(draws(lost ?? ZERO, ZERO), null)).toBe('00000-00000-00000-00000-00000-00');
    }
    expect(licenseKey(draws(u ?? ZERO), null)).toBe('00000-00000-00000-00000-00001-4U');
    fc.assert(fc.property(anyBytes, (bytes) => /[0-9A-Z]$/.test(licenseKey(settled(bytes), 'ACME'))));
  });

  it.each(['10*', '11~', '12$', '13='])('of an earlier version keeps its check symbol: …%s', (end) => {
    expect(hasValidCheckSymbol(end.padStart(27, '0'))).toBe(true);
    expect(normalizeLicenseKey(`acme-${end}`)).toBe(`ACME${end}`);
  });

  it('detects every wrong letter and every swap of neighbors by its check symbol', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(KEY_BYTES - 2), fc.integer({ min: 1, max: 31 }), (bytes, at, shift) => {
        const key = normalizeLicenseKey(licenseKey(settled(bytes), 'ACME'));
        expect(hasValidCheckSymbol(key)).toBe(true);
        const place = 4 + at;
        const wrong = LETTERS[(LETTERS.indexOf(key[place] ?? '') + shift) % 32] ?? '';
        expect(hasValidCheckSymbol(key.slice(0, place) + wrong + key.slice(place + 1))).toBe(false);
        const [one = '', two = ''] = [key[place], key[place + 1]];
        if (one !== two)
          expect(hasValidCheckSymbol(key.slice(0, place) + two + one + key.slice(place + 2))).toBe(false);
      }),
    );
  });
});
