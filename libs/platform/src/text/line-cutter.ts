/** Bytes of one code unit of UTF-16 in its two byte orders; every other encoding that is read here has LF as one byte. */
export type Unit = 'byte' | 'utf-16le' | 'utf-16be';

/** A line, counted from 1, without its line break. */
export interface CutLine {
  readonly line: number;
  /** Undefined when the line is longer than the limit. */
  readonly bytes: Buffer | undefined;
  /** False for a last line that no LF ends. */
  readonly ended: boolean;
}

const LINE_FEED: Readonly<Record<Unit, Buffer>> = {
  byte: Buffer.of(0x0a),
  'utf-16le': Buffer.of(0x0a, 0x00),
  'utf-16be': Buffer.of(0x00, 0x0a),
};

/**
 * Cuts a stream of bytes into lines at LF only: a CR before it stays part of the line, and U+2028, U+2029 and a lone CR are
 * text (JSON allows all three inside strings). Memory is bounded by the limit: the bytes of a longer line are dropped as they
 * arrive.
 */
export class LineCutter {
  readonly #longest: number;
  readonly #lineFeed: Buffer;
  #line = 0;
  /** The line so far, in pieces. */
  #pieces: Buffer[] = [];
  #length = 0;
  /** Half of a UTF-16 code unit, left over from the chunk before. */
  #half: Buffer | undefined;

  /** @param longest longest line, in bytes without its LF */
  constructor(longest: number, unit: Unit = 'byte') {
    this.#longest = longest;
    this.#lineFeed = LINE_FEED[unit];
  }

  /** @returns the lines that end in this chunk */
  *push(chunk: Buffer): Generator<CutLine, void, undefined> {
    const bytes = this.#wholeUnits(chunk);
    let start = 0;
    for (let end = this.#next(bytes, start); end !== -1; end = this.#next(bytes, start)) {
      this.#keep(bytes.subarray(start, end));
      yield this.#take(true);
      start = end + this.#lineFeed.length;
    }
    this.#keep(bytes.subarray(start));
  }

  /** @returns the last line, if no LF ended it */
  *end(): Generator<CutLine, void, undefined> {
    if (this.#half !== undefined) this.#keep(this.#half);
    if (this.#length > 0) yield this.#take(false);
  }

  #wholeUnits(chunk: Buffer): Buffer {
    const unit = this.#lineFeed.length;
    if (unit === 1) return chunk;
    const bytes = this.#half === undefined ? chunk : Buffer.concat([this.#half, chunk]);
    const whole = bytes.length - (bytes.length % unit);
    this.#half = whole === bytes.length ? undefined : bytes.subarray(whole);
    return bytes.subarray(0, whole);
  }

  /** The next LF; in UTF-16 one that begins a code unit: U+0A00 after U+010D holds its bytes as well. */
  #next(bytes: Buffer, from: number): number {
    let at = bytes.indexOf(this.#lineFeed, from);
    while (at % this.#lineFeed.length > 0) at = bytes.indexOf(this.#lineFeed, at + 1);
    return at;
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length > this.#longest) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  #take(ended: boolean): CutLine {
    const [first = Buffer.alloc(0), ...more] = this.#pieces;
    const whole = more.length === 0 ? first : Buffer.concat(this.#pieces);
    const bytes = this.#length > this.#longest ? undefined : whole;
    this.#pieces = [];
    this.#length = 0;
    this.#line += 1;
    return { line: this.#line, bytes, ended };
  }
}
