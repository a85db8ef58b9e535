import type { TextLine } from '#platform/text/text-lines';
import { type Content, type ImportRecord, keepable, TOO_LONG, unreadable } from './import-record.ts';

/**
 * Reads NDJSON: one JSON object per line. Empty lines are skipped.
 * @throws Problem 400 `UNREADABLE_FILE` if the first line is not a JSON object: the file then has another format
 */
export async function* ndjsonRecords(lines: AsyncIterable<TextLine>): AsyncGenerator<ImportRecord> {
  let first = true;
  for await (const { line, text } of lines) {
    if (text?.trim() === '') continue;
    if (first && text !== undefined && !text.trimStart().startsWith('{'))
      throw unreadable(`Line ${line} is not a JSON object. Send one JSON object per line, or CSV as text/csv.`);
    first = false;
    yield { line, ...(text === undefined ? { fault: TOO_LONG } : contentOf(text)) };
  }
}

const contentOf = (text: string): Content => {
  try {
    return keepable(JSON.parse(text));
  } catch {
    return { fault: 'is not JSON' };
  }
};
