import fc from 'fast-check';
import { isSignedKey, normalizeLicenseKey, visible } from './key-text.ts';

const UNSEEN = [
  ...'\r\n\t\v\f \u0085\u00a0\u00ad\u034f\u061c\u180e\u2007\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u202f\u2060\u2066\u2069\u3000\u3164\ufe0f\ufeff',
];
const DASHES = [
  ...'-\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u02d7\u207b\u30fc\uff70\u2500\ufe58\ufe63\uff0d\u2e3a\u301c',
];

const letters = (alphabet: string, size: { minLength: number; maxLength: number }) =>
  fc.string({ unit: fc.constantFrom(...alphabet), ...size });
const randomKey = letters('0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U', { minLength: 1, maxLength: 40 });
const base64url = letters('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', {
  minLength: 1,
  maxLength: 60,
});
const signedKey = fc.tuple(base64url, base64url, base64url).map((parts) => parts.join('.'));

/** A text with these characters put in between its own, anywhere. */
const within = (text: string, inserted: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(fc.nat(text.length), fc.constantFrom(...inserted)), { maxLength: 10 })
    .map((all) => all.reduce((rest, [at, character]) => rest.slice(0, at) + character + rest.slice(at), text));
const pasted = (key: fc.Arbitrary<string>, inserted: readonly string[]): fc.Arbitrary<readonly [string, string]> =>
  key.chain((text) => within(text, inserted).map((typed) => [text, typed] as const));

describe('the text of a license key', () => {
  it.each([
    ['acme-7k2qm-01abc', 'in small letters'],
    ['ACME-7K2QM-01ABC\n', 'from a secret file'],
    ['\ufeffACME-7K2QM-01ABC\r\n', 'from a file of Windows'],
    ['ACME-7K2QM-\r\n 01ABC', 'wrapped by a mail program'],
    ['\tACME 7K2QM\u00a0OIABC ', 'with blanks'],
    ['acme7k2qmolabc', 'without dashes'],
    ['ACME\u20137K2QM\u201401ABC', 'with dashes of a word processor'],
    ['ACME\u30fc7K2QM\uff0d01ABC', 'with dashes of a Japanese keyboard'],
    ['ＡＣＭＥ－７Ｋ２ＱＭ－０１ＡＢＣ', 'in full width'],
    ['ACME-\u200b7K2QM-\u00ad01ABC\u200e', 'with invisible characters'],
  ])('is the same %j: %s', (typed) => {
    expect(normalizeLicenseKey(typed)).toBe('ACME7K2QM01ABC');
  });

  it('is the same with white space, invisible characters and dashes anywhere', () => {
    fc.assert(
      fc.property(pasted(randomKey, [...UNSEEN, ...DASHES]), ([key, typed]) => {
        expect(normalizeLicenseKey(typed)).toBe(key);
        expect(normalizeLicenseKey(typed.toLowerCase())).toBe(key);
      }),
    );
  });

  it('keeps letters, - and _ of a signed key, and nothing that is invisible', () => {
    expect(normalizeLicenseKey(' eyJh.eyJO-\r\n_.sIl0\n')).toBe('eyJh.eyJO-_.sIl0');
    fc.assert(fc.property(pasted(signedKey, UNSEEN), ([key, typed]) => normalizeLicenseKey(typed) === key));
  });

  it('is in normal form once it was normalized, whatever it was', () => {
    const hard = fc.constantFrom(...'aoOiıl.-_\u0301\u0327\u0345 ¨ßǰ。…', ...UNSEEN, ...DASHES);
    const unit = fc.oneof(hard, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (text) => {
        const normal = normalizeLicenseKey(text);
        expect(normalizeLicenseKey(normal)).toBe(normal);
        expect(visible(normal)).toBe(normal);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is empty when nothing of it can be seen', () => {
    expect(normalizeLicenseKey(UNSEEN.join(''))).toBe('');
  });
});

describe('a signed key', () => {
  it('is three parts of base64url', () => {
    expect(isSignedKey('eyJh.eyJO-_.sIl0')).toBe(true);
    for (const text of ['ACME-7K2QM', 'a.b', 'a.b.c.d', 'a..c', 'a.b.c=']) expect(isSignedKey(text)).toBe(false);
  });
});
