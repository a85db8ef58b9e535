import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { hasValidCheckSymbol, KEY_BYTES, licenseKey, normalizeLicenseKey } from './license-key.ts';

const body = (key: string): string => normalizeLicenseKey(key);

describe('a licence key', () => {
  it('is in groups, with its prefix', () => {
    expect(licenseKey(new Uint8Array(KEY_BYTES), 'acme')).toBe('ACME-00000-00000-00000-00000-00000-00');
    expect(licenseKey(randomBytes(KEY_BYTES), null)).toMatch(
      /^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z][0-9A-Z*~$=]$/,
    );
  });

  it('has every letter equally often', () => {
    const counts = new Map<string, number>();
    for (const letter of licenseKey(
      new Uint8Array(KEY_BYTES).map((_, n) => n),
      null,
    )
      .replaceAll('-', '')
      .slice(0, KEY_BYTES)) {
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect([...counts.values()]).toEqual(Array.from({ length: KEY_BYTES }, () => 1));
    const all = Array.from({ length: 256 }, (_, byte) => licenseKey(new Uint8Array(KEY_BYTES).fill(byte), null)[0]);
    expect(new Set(all).size).toBe(32);
    for (const letter of new Set(all)) expect(all.filter((one) => one === letter)).toHaveLength(8);
  });

  it('is the same however it is typed', () => {
    const key = 'ACME-7K2QM-01ABC';
    for (const typed of ['acme-7k2qm-01abc', ' ACME 7K2QM OIABC ', 'acme7k2qmolabc', 'ACME–7K2QM–01ABC']) {
      expect(normalizeLicenseKey(typed)).toBe(normalizeLicenseKey(key));
    }
  });

  it('leaves a signed key as it is', () => {
    expect(normalizeLicenseKey(' eyJh.eyJO-_.sIl0 ')).toBe('eyJh.eyJO-_.sIl0');
  });

  it('finds every wrong letter and every swap of neighbours by its check symbol', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES }),
        fc.nat(KEY_BYTES - 2),
        fc.integer({ min: 1, max: 31 }),
        (random, at, shift) => {
          const key = body(licenseKey(random, 'ACME'));
          expect(hasValidCheckSymbol(key)).toBe(true);
          const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
          const place = 4 + at;
          const wrong = letters[(letters.indexOf(key[place] ?? '') + shift) % 32] ?? '';
          expect(hasValidCheckSymbol(key.slice(0, place) + wrong + key.slice(place + 1))).toBe(false);
          const [one = '', two = ''] = [key[place], key[place + 1]];
          if (one !== two)
            expect(hasValidCheckSymbol(key.slice(0, place) + two + one + key.slice(place + 2))).toBe(false);
        },
      ),
    );
  });
});
