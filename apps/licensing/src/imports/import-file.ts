import { MIMEType } from 'node:util';
import { Problem } from '#platform/http/problem';
import { EncodingError, UnknownCharsetError } from '#platform/text/encoding';
import { type TextLine, textLines } from '#platform/text/text-lines';
import { csvRecords } from './csv.ts';
import { LARGEST_IMPORT } from './import.endpoints.ts';
import { type ImportRecord, LONGEST_LINE, unreadable } from './import-record.ts';
import { ndjsonRecords } from './ndjson.ts';

/**
 * Reads the records of a file, no faster than the caller consumes them.
 * @param contentType `text/csv` or `application/x-ndjson`; its `charset` is a label of the WHATWG Encoding Standard. A byte
 *   order mark takes precedence over it; without both the file is UTF-8.
 * @throws Problem if the file as a whole is refused: 400 `UNREADABLE_FILE` or `INVALID_HEADING`, 413, 415
 */
export const recordsOf = (file: AsyncIterable<Buffer>, contentType: string): AsyncGenerator<ImportRecord> => {
  const { essence, params } = new MIMEType(contentType);
  const lines = decodedLines(limited(file), params.get('charset') ?? undefined);
  return essence === 'text/csv' ? csvRecords(lines) : ndjsonRecords(lines);
};

async function* decodedLines(file: AsyncIterable<Buffer>, charset: string | undefined): AsyncGenerator<TextLine> {
  try {
    for await (const line of textLines(file, { charset, longest: LONGEST_LINE })) {
      if (line.line === 1 && line.text?.includes('\0') === true)
        throw unreadable('Line 1 holds NUL characters. If the file is UTF-16, declare it as the charset (utf-16le).');
      yield line;
    }
  } catch (error) {
    if (error instanceof UnknownCharsetError) throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', error.message);
    if (!(error instanceof EncodingError)) throw error;
    throw unreadable(
      `${error.message} Save the file as UTF-8, or declare its charset, such as windows-1252 or utf-16.`,
    );
  }
}

async function* limited(file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.length;
    if (bytes > LARGEST_IMPORT)
      throw new Problem(413, 'BODY_TOO_LARGE', `A file may have at most ${LARGEST_IMPORT / 1_048_576} MiB.`);
    yield chunk;
  }
}
