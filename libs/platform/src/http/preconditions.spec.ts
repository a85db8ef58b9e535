import fc from 'fast-check';
import { etag, isKnown, parseIfMatch } from './preconditions.ts';

/** A character of an entity tag (RFC 9110 §8.8.3). */
const tagCharacter = fc.integer({ min: 0x21, max: 0xff }).filter((code) => code !== 0x22 && code !== 0x7f);
const opaque = fc.array(tagCharacter, { maxLength: 8 }).map((codes) => String.fromCharCode(...codes));
const version = fc.integer({ min: 1, max: 1_000_000_000 });
const tag = fc.record({ weak: fc.boolean(), text: fc.oneof(opaque, version.map(String)) });
const space = fc.stringMatching(/^[ \t]{0,3}$/);
const separator = fc.tuple(space, space, fc.boolean()).map(([a, b, twice]) => `${a},${twice ? ' ,' : ''}${b}`);

const written = (tags: readonly { weak: boolean; text: string }[], between: readonly string[]): string =>
  tags.map(({ weak, text }, n) => `${n === 0 ? '' : (between[n] ?? ',')}${weak ? 'W/' : ''}"${text}"`).join('');

describe('a list of entity tags', () => {
  const lists = fc.tuple(fc.array(tag, { minLength: 1, maxLength: 6 }), fc.array(separator, { minLength: 6 }));

  it('names its versions, weak or not, however it is spaced', () => {
    fc.assert(
      fc.property(lists, version, ([tags, between], ours) => {
        const header = written([...tags, { weak: true, text: String(ours) }], between);
        expect(parseIfMatch(header)).toContain(ours);
        expect(isKnown(header, etag(ours))).toBe(true);
      }),
    );
  });

  it('names no version that is not in it', () => {
    fc.assert(
      fc.property(lists, ([tags, between]) => {
        const header = written(tags, between);
        const texts = tags.map(({ text }) => text);
        for (const named of parseIfMatch(header) ?? [])
          expect(texts.some((text) => text === String(named) || text.startsWith(`${named}-`))).toBe(true);
        expect(isKnown(header, '"another"')).toBe(texts.includes('another'));
      }),
    );
  });

  it('is read in time that grows with its length alone', () => {
    const refused = expect.objectContaining({ status: 400 }) as Error;
    for (const header of [`"1"${' '.repeat(16_000)}x`, `${' ,'.repeat(8_000)}x`, `${' '.repeat(16_000)}"`])
      expect(() => parseIfMatch(header)).toThrow(refused);
  });
});

describe('If-Match', () => {
  it('names any version when it is not sent, or is *', () => {
    expect(parseIfMatch(undefined)).toBeUndefined();
    expect(parseIfMatch(' * ')).toBeUndefined();
  });

  it('names the version of a tag that stands for more than the version', () => {
    expect(parseIfMatch(etag(3, 'c0ffee'))).toEqual([3]);
    expect(isKnown(etag(3, 'c0ffee'), etag(3))).toBe(false);
  });

  it('names no version by the tag of another server', () => {
    expect(parseIfMatch('"abc", "03", "0", "-3", "3.0", "3-", "99999999999999999999"')).toEqual([]);
  });
});
