import fc from 'fast-check';
import { type CutLine, LineCutter, type Unit } from './line-cutter.ts';

const LONGEST = 1_000;

/** Cuts the bytes in chunks that end at the given places. */
const cut = (bytes: Buffer, places: readonly number[], unit: Unit = 'byte', longest = LONGEST): CutLine[] => {
  const cutter = new LineCutter(longest, unit);
  const lines: CutLine[] = [];
  let start = 0;
  for (const end of [...places, bytes.length]) {
    lines.push(...cutter.push(bytes.subarray(start, end)));
    start = end;
  }
  return [...lines, ...cutter.end()];
};
const texts = (lines: readonly CutLine[], encoding: BufferEncoding = 'utf8'): (string | undefined)[] =>
  lines.map(({ bytes }) => bytes?.toString(encoding));

const encode = (text: string, unit: Unit): Buffer => {
  if (unit === 'byte') return Buffer.from(text);
  const bytes = Buffer.from(text, 'utf16le');
  return unit === 'utf-16le' ? bytes : bytes.swap16();
};
const decode = (bytes: Buffer | undefined, unit: Unit): string | undefined => {
  if (bytes === undefined || unit === 'byte') return bytes?.toString();
  const copy = Buffer.from(bytes);
  return (unit === 'utf-16le' ? copy : copy.swap16()).toString('utf16le');
};

describe('LineCutter', () => {
  it('cuts at LF only: CR, U+2028, U+2029 and U+0085 are text', () => {
    expect(texts(cut(Buffer.from('a\rb\u2028c\u2029d\u0085e\r\nf'), []))).toEqual(['a\rb\u2028c\u2029d\u0085e\r', 'f']);
  });

  it('counts lines from 1, empty ones too, and adds none after the last LF', () => {
    expect(cut(Buffer.from('a\n\nb\n'), []).map(({ line, ended }) => [line, ended])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    expect(cut(Buffer.from('a'), [])).toEqual([{ line: 1, bytes: Buffer.from('a'), ended: false }]);
    expect(cut(Buffer.alloc(0), [])).toEqual([]);
  });

  it.each(['byte', 'utf-16le', 'utf-16be'] as const)('gives the same lines at every chunk boundary (%s)', (unit) => {
    // U+010A U+0A01 and U+0A0A hold the bytes of an LF across and inside their code units.
    const text = 'ä😀\n\u010a\u0a01\u0a0a\u0a00\r\n\n\u2028 end';
    const bytes = encode(text, unit);
    for (let first = 0; first <= bytes.length; first++)
      for (let second = first; second <= bytes.length; second++)
        expect(cut(bytes, [first, second], unit).map((line) => decode(line.bytes, unit))).toEqual(text.split('\n'));
  });

  it('cuts any text as split does, with any chunks', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom('\n', '\r\n', '\u0a0a', '\u2028'),
    );
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('').toWellFormed()),
        fc.constantFrom<Unit>('byte', 'utf-16le', 'utf-16be'),
        fc.array(fc.nat(200)),
        (text, unit, places) => {
          const bytes = encode(text, unit);
          const sorted = places.map((place) => Math.min(place, bytes.length)).sort((a, b) => a - b);
          const lines = text.split('\n');
          if (lines.at(-1) === '') lines.pop();
          expect(cut(bytes, sorted, unit).map((line) => decode(line.bytes, unit))).toEqual(lines);
        },
      ),
    );
  });

  it('accepts a line of the maximum length, and drops the bytes of a longer one', () => {
    const file = Buffer.from(`${'x'.repeat(8)}\n${'y'.repeat(9)}\nz\n${'w'.repeat(30)}`);
    for (let place = 0; place <= file.length; place++)
      expect(texts(cut(file, [place], 'byte', 8))).toEqual(['xxxxxxxx', undefined, 'z', undefined]);
  });

  it('holds no more than the limit of a line that never ends', () => {
    const cutter = new LineCutter(1_048_576);
    const chunk = Buffer.alloc(1_048_576, 'x');
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 512; n++) expect([...cutter.push(Buffer.from(chunk))]).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 1_048_576);
    expect([...cutter.end()]).toEqual([{ line: 1, bytes: undefined, ended: false }]);
  });

  it('leaves half a code unit at the end of the file to the decoder', () => {
    expect(texts(cut(Buffer.from('a\0\n\0b', 'latin1'), [], 'utf-16le'), 'latin1')).toEqual(['a\0', 'b']);
  });
});
