import fc from 'fast-check';
import { type EncodingError, UnknownCharsetError } from './encoding.ts';
import { LineReader, type TextLine, textLines } from './text-lines.ts';

const LONGEST = 10_000;

const read = (chunks: readonly Buffer[], charset?: string, longest = LONGEST): TextLine[] => {
  const reader = new LineReader({ charset, longest });
  return [...chunks.flatMap((chunk) => [...reader.push(chunk)]), ...reader.end()];
};
const texts = (chunks: readonly Buffer[], charset?: string): (string | undefined)[] =>
  read(chunks, charset).map(({ text }) => text);
const bytes = (...values: readonly (number | string)[]): Buffer =>
  Buffer.concat(values.map((value) => (typeof value === 'string' ? Buffer.from(value) : Buffer.of(value))));
/** UTF-16 in the named byte order, without a byte order mark. */
const utf16 = (text: string, order: 'le' | 'be'): Buffer => {
  const little = Buffer.from(text, 'utf16le');
  return order === 'le' ? little : little.swap16();
};

describe('LineReader', () => {
  it('reads UTF-8 by default', () => {
    expect(texts([Buffer.from('Jörg\n李\u2028😀\n')])).toEqual(['Jörg', '李\u2028😀']);
  });

  it('says how each line ended, and drops the CR before an LF alone', () => {
    expect(read([Buffer.from('a\r\nb\rc\n\r\nd\r')])).toEqual([
      { line: 1, text: 'a', ending: '\r\n' },
      { line: 2, text: 'b\rc', ending: '\n' },
      { line: 3, text: '', ending: '\r\n' },
      { line: 4, text: 'd\r', ending: '' },
    ]);
  });

  it.each([
    ['windows-1252', bytes('J', 0xf6, 'rg ', 0x80, 0x9f), 'Jörg €Ÿ'],
    ['ISO-8859-1', bytes('J', 0xf6, 'rg ', 0x80), 'Jörg €'],
    ['iso-8859-2', bytes(0xb3, 0xf3, 'd', 0xbc), 'łódź'],
    ['koi8-r', bytes(0xe1, 0xc4, 0xc1), 'Ада'],
    ['shift_jis', bytes(0x93, 0x8c, 0x8b, 0x9e), '東京'],
    ['gb18030', bytes(0x81, 0x30, 0x81, 0x30, 0xb1, 0xb1), '\u0080北'],
    ['euc-kr', bytes(0xbc, 0xad, 0xbf, 0xef), '서울'],
    ['iso-2022-jp', bytes(0x1b, '$B', 0x45, 0x6c, 0x1b, '(B'), '東'],
    ['utf-16', utf16('Jörg😀', 'le'), 'Jörg😀'],
    ['UTF-16LE', utf16('Jörg😀', 'le'), 'Jörg😀'],
    ['utf-16be', utf16('Jörg😀', 'be'), 'Jörg😀'],
    [' utf8 ', Buffer.from('Jörg'), 'Jörg'],
  ])('reads the declared charset %s', (charset, file, text) => {
    expect(texts([file], charset)).toEqual([text]);
  });

  it.each(['utf-7', 'utf-32', 'ebcdic', 'x-unknown', ''])('refuses the charset %p, before any byte', (charset) => {
    expect(() => new LineReader({ charset, longest: LONGEST })).toThrow(UnknownCharsetError);
  });

  it.each([undefined, 'utf-8', 'utf-16le', 'utf-16be', 'windows-1252'])(
    'prefers the byte order mark to the declared charset (%s)',
    (charset) => {
      expect(texts([bytes(0xef, 0xbb, 0xbf, 'ä')], charset)).toEqual(['ä']);
      expect(texts([utf16('\ufeffä\n😀', 'le')], charset)).toEqual(['ä', '😀']);
      expect(texts([utf16('\ufeffä\n😀', 'be')], charset)).toEqual(['ä', '😀']);
    },
  );

  it('keeps U+FEFF inside the file, at the beginning of a line too', () => {
    for (const file of [Buffer.from('\ufeff\ufeffa\n\ufeffb'), utf16('\ufeff\ufeffa\n\ufeffb', 'be')])
      expect(texts([file])).toEqual(['\ufeffa', '\ufeffb']);
  });

  it('reads files of less bytes than a byte order mark has', () => {
    expect(texts([])).toEqual([]);
    expect(texts([Buffer.alloc(0), bytes('a')])).toEqual(['a']);
    expect(texts([bytes(0xff), bytes(0xfe)])).toEqual([]);
    expect(texts([bytes('\n')])).toEqual(['']);
  });

  it.each<[string, string | undefined, Buffer]>([
    ['utf-8', undefined, bytes('a\nJ', 0xf6, 'rg\nb')],
    ['utf-8', undefined, bytes('a\nJ', 0xc3)],
    ['utf-8', 'utf-8', bytes('a\n', 0xed, 0xa0, 0x80, '\n')],
    ['utf-8', 'utf-8', bytes('a\n', 0xc0, 0xaf, '\n')],
    ['utf-16le', 'utf-16', utf16('a\n\ud83d\nb', 'le')],
    ['utf-16be', 'utf-16be', Buffer.concat([utf16('a\nb', 'be'), bytes(0x00)])],
    ['shift_jis', 'shift_jis', bytes('a\n', 0x93)],
    ['iso-2022-jp', 'iso-2022-jp', bytes('a\n', 0x1b, '$B', 0x45, '\n')],
  ])('names the line that is not valid %s (declared: %s), at every chunk boundary', (encoding, charset, file) => {
    for (let place = 0; place <= file.length; place++)
      expect(() => read([file.subarray(0, place), file.subarray(place)], charset)).toThrow(
        expect.objectContaining({ name: 'EncodingError', line: 2, encoding }) as EncodingError,
      );
  });

  it('returns any text unchanged, in each encoding, for any chunks', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('\n', '\r\n', '\r', '\u2028', '\u2029', '\u0085', '\ufeff', '\u0a0a', '\u0d0a', 'ö', '😀'),
    );
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('')),
        fc.constantFrom('utf-8', 'utf-16le', 'utf-16be'),
        fc.array(fc.nat(300)),
        (text, encoding, places) => {
          const file =
            encoding === 'utf-8'
              ? Buffer.from(`\ufeff${text}`)
              : utf16(`\ufeff${text}`, encoding === 'utf-16le' ? 'le' : 'be');
          const ends = [...places.map((place) => Math.min(place, file.length)).sort((a, b) => a - b), file.length];
          const chunks = ends.map((end, n) => file.subarray(ends[n - 1] ?? 0, end));
          const lines = read(chunks);
          expect(lines.map((line) => `${line.text}${line.ending}`).join('')).toBe(text);
          expect(lines.map(({ line }) => line)).toEqual(lines.map((_line, n) => n + 1));
          for (const { text: one } of lines) expect(one).not.toContain('\n');
        },
      ),
    );
  });

  it('skips a line that is too long, without decoding its bytes', () => {
    const lines = read([bytes('a\n', 0xff, 'xxxxxxxxxx\r\nb')], 'utf-8', 8);
    expect(lines).toEqual([
      { line: 1, text: 'a', ending: '\n' },
      { line: 2, text: undefined, ending: '\n' },
      { line: 3, text: 'b', ending: '' },
    ]);
  });
});

describe('textLines', () => {
  it('reads its source only as its lines are consumed', async () => {
    let given = 0;
    async function* chunks(): AsyncGenerator<Buffer> {
      for (; ; given++) yield Buffer.from(`${given}\n`.repeat(100));
    }
    const lines = textLines(chunks(), { longest: LONGEST });
    for (let n = 0; n < 1_000; n++) {
      expect(await lines.next()).toMatchObject({ value: { text: String(Math.floor(n / 100)) } });
      expect(given).toBe(Math.floor(n / 100));
    }
    await lines.return(undefined);
  });

  it('passes on the error of its source', async () => {
    async function* chunks(): AsyncGenerator<Buffer> {
      yield Buffer.from('a\nb');
      throw new Error('connection lost');
    }
    const lines = textLines(chunks(), { longest: LONGEST });
    expect(await lines.next()).toMatchObject({ value: { text: 'a' } });
    await expect(lines.next()).rejects.toThrow('connection lost');
  });
});
