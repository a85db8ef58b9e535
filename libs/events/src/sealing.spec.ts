import fc from 'fast-check';
import { NotAuthenticError, open, seal } from './sealing.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('sealing', () => {
  it('opens what was sealed under the same key for the same context', () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array(), fc.string(), (key, plaintext, context) => {
        expect(open(key, seal(key, plaintext, context), context)).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  it('refuses another key, another context and every changed byte', () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array(), fc.nat(), (key, plaintext, at) => {
        const sealed = seal(key, plaintext, 'context');
        const otherKey = key.with(0, (key[0] ?? 0) ^ 1);
        const place = at % sealed.length;
        const changed = sealed.with(place, (sealed[place] ?? 0) ^ 1);
        expect(() => open(otherKey, sealed, 'context')).toThrow(NotAuthenticError);
        expect(() => open(key, sealed, 'another')).toThrow(NotAuthenticError);
        expect(() => open(key, changed, 'context')).toThrow(NotAuthenticError);
      }),
    );
  });

  it('tells bytes that are too few from bytes that are not authentic', () => {
    const key = new Uint8Array(32);
    expect(() => open(key, new Uint8Array(8))).toThrow('Invalid authentication tag length');
  });

  // Test case 15 of McGrew and Viega, "The Galois/Counter Mode of Operation".
  it('gives nonce, ciphertext and tag', () => {
    const key = hex('feffe9928665731c6d6a8f9467308308'.repeat(2));
    const nonce = hex('cafebabefacedbaddecaf888');
    const plaintext = hex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
        '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255',
    );
    const ciphertext =
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
      '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad';
    const tag = 'b094dac5d93471bdec1a502270e3cc6c';
    expect(seal(key, plaintext, '', nonce).toString('hex')).toBe(nonce.toString('hex') + ciphertext + tag);
  });
});
