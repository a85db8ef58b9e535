import { type Encoding, EncodingError, encodingOf, LONGEST_MARK } from './encoding.ts';
import { type CutLine, LineCutter } from './line-cutter.ts';

/** A line of text, counted from 1. */
export interface TextLine {
  readonly line: number;
  /** The line without its line break; undefined when it is longer than the limit. */
  readonly text: string | undefined;
  /** The line break: LF, CR LF, or nothing at the end of the file. */
  readonly ending: '\n' | '\r\n' | '';
}

export interface TextOptions {
  /** A label of the WHATWG Encoding Standard; UTF-8 by default. A byte order mark takes precedence. */
  readonly charset?: string | undefined;
  /** Longest line, in bytes without its LF. */
  readonly longest: number;
}

/**
 * Reads lines of text from chunks of bytes, which may be cut at any byte. Each line is decoded separately, so that an error
 * names its line. In all supported encodings, the byte of LF never occurs inside another character.
 */
export class LineReader {
  readonly #options: TextOptions;
  /** Bytes that came before the encoding was known. */
  #head: Buffer = Buffer.alloc(0);
  #reading: { readonly cutter: LineCutter; readonly encoding: Encoding } | undefined;

  /** @throws UnknownCharsetError */
  constructor(options: TextOptions) {
    this.#options = options;
    encodingOf(this.#head, options.charset);
  }

  /** @returns the lines that end in this chunk; @throws EncodingError */
  *push(chunk: Buffer): Generator<TextLine, void, undefined> {
    let bytes = chunk;
    if (this.#reading === undefined) {
      this.#head = Buffer.concat([this.#head, chunk]);
      if (this.#head.length < LONGEST_MARK) return;
      bytes = this.#head;
    }
    yield* this.#lines(bytes);
  }

  /** @returns what is left at the end of the file; @throws EncodingError */
  *end(): Generator<TextLine, void, undefined> {
    if (this.#reading === undefined) yield* this.#lines(this.#head);
    if (this.#reading === undefined) return;
    const { cutter, encoding } = this.#reading;
    for (const line of cutter.end()) yield decoded(line, encoding);
  }

  *#lines(bytes: Buffer): Generator<TextLine, void, undefined> {
    let text = bytes;
    if (this.#reading === undefined) {
      const { charset, longest } = this.#options;
      const encoding = encodingOf(bytes, charset);
      this.#reading = { encoding, cutter: new LineCutter(longest, encoding.unit) };
      text = bytes.subarray(encoding.mark);
    }
    const { cutter, encoding } = this.#reading;
    for (const line of cutter.push(text)) yield decoded(line, encoding);
  }
}

const decoded = ({ line, bytes, ended }: CutLine, { decoder }: Encoding): TextLine => {
  if (bytes === undefined) return { line, text: undefined, ending: ended ? '\n' : '' };
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new EncodingError(line, decoder.encoding);
  }
  if (ended && text.endsWith('\r')) return { line, text: text.slice(0, -1), ending: '\r\n' };
  return { line, text, ending: ended ? '\n' : '' };
};

/** The lines of a stream, read only as fast as they are consumed. @throws UnknownCharsetError, EncodingError */
export async function* textLines(chunks: AsyncIterable<Buffer>, options: TextOptions): AsyncGenerator<TextLine> {
  const reader = new LineReader(options);
  for await (const chunk of chunks) yield* reader.push(chunk);
  yield* reader.end();
}
