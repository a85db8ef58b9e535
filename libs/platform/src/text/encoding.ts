import { TextDecoder } from 'node:util';
import type { Unit } from './line-cutter.ts';

/** TextDecoder does not know the declared name of the character set. */
export class UnknownCharsetError extends Error {
  override readonly name = 'UnknownCharsetError';
  constructor(readonly charset: string) {
    super(`The charset ${charset} is not known.`);
  }
}

/** A line contains bytes that are not valid in the encoding of its file. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError';
  constructor(
    readonly line: number,
    readonly encoding: string,
  ) {
    super(`Line ${line} is not valid ${encoding}.`);
  }
}

/** Byte order marks, by the encoding that each stands for. */
const MARKS = [
  ['utf-8', Buffer.of(0xef, 0xbb, 0xbf)],
  ['utf-16le', Buffer.of(0xff, 0xfe)],
  ['utf-16be', Buffer.of(0xfe, 0xff)],
] as const;

/** Number of bytes that are needed to detect a byte order mark. */
export const LONGEST_MARK = 3;

/** How the bytes of a file are read. */
export interface Encoding {
  /** Decodes whole lines. It throws a TypeError on bytes that are not valid, and keeps U+FEFF inside the file. */
  readonly decoder: TextDecoder;
  readonly unit: Unit;
  /** Length of the byte order mark in bytes; it is not part of the text. */
  readonly mark: number;
}

/**
 * The encoding of a file: that of its byte order mark, else the declared one, else UTF-8 (the order of the WHATWG Encoding
 * Standard, §6 "decode").
 * @param head the first bytes of the file, LONGEST_MARK of them unless the file is shorter
 * @param charset a label of the WHATWG Encoding Standard, such as `windows-1252`
 * @throws UnknownCharsetError
 */
export const encodingOf = (head: Buffer, charset = 'utf-8'): Encoding => {
  const declared = decoderOf(charset);
  const [marked, mark] = MARKS.find(([, bytes]) => head.subarray(0, bytes.length).equals(bytes)) ?? [];
  const decoder = marked === undefined ? declared : decoderOf(marked);
  const { encoding } = decoder;
  return {
    decoder,
    unit: encoding === 'utf-16le' || encoding === 'utf-16be' ? encoding : 'byte',
    mark: mark?.length ?? 0,
  };
};

/** @throws UnknownCharsetError */
const decoderOf = (charset: string): TextDecoder => {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true });
  } catch {
    throw new UnknownCharsetError(charset);
  }
};
