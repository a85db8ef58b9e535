import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import type { TextLine } from '#platform/text/text-lines';
import { contentOf } from './csv-cells.ts';
import { declaredDelimiter, type Heading, readHeading } from './csv-heading.ts';
import { type ImportRecord, LONGEST_LINE, TOO_LONG, unreadable } from './import-record.ts';

/** Number of characters after which a group of records is parsed, without further records. */
const BATCH = 65_536;

/** A CSV record with its line break: one line, or several lines if quoted cells contain line breaks. */
interface CsvText {
  /** Its first line. */
  readonly line: number;
  readonly text: string;
}

/**
 * Reads CSV (RFC 4180) under a heading that names the fields.
 * @throws Problem 400 `INVALID_HEADING`; or `UNREADABLE_FILE` if quotes do not match or a record is too long: the records after
 *   it cannot be separated then
 */
export async function* csvRecords(lines: AsyncGenerator<TextLine>): AsyncGenerator<ImportRecord> {
  try {
    const { delimiter, columns } = await readToHeading(lines);
    for await (const batch of batches(recordTexts(lines))) {
      const rows = rowsOf(batch, delimiter);
      for (const [n, { line }] of batch.entries()) yield { line, ...contentOf(columns, rows[n] ?? []) };
    }
  } finally {
    // Releases the file also if the heading is refused; otherwise the rest of the request is never read.
    await lines.return(undefined);
  }
}

/** Consumes the lines before the heading: empty lines, and a line that declares the delimiter. */
const readToHeading = async (lines: AsyncGenerator<TextLine>): Promise<Heading> => {
  let declared: string | undefined;
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const { line, text } = next.value;
    if (text === undefined) throw unreadable(`Line ${line} ${TOO_LONG}.`);
    const delimiter = declared === undefined ? declaredDelimiter(text) : undefined;
    if (delimiter !== undefined) declared = delimiter;
    else if (text.trim() !== '') return readHeading(text, line, declared);
  }
  throw unreadable('The file is empty. Its first line names the fields.');
};

/**
 * Joins lines to records: a record ends with the first line at which the number of quotes is even. That holds for all valid CSV,
 * because quotes open, close, or are doubled in a quoted cell. Empty lines between records are skipped.
 */
async function* recordTexts(lines: AsyncIterable<TextLine>): AsyncGenerator<CsvText> {
  let first = 0;
  let record = '';
  let inQuotes = false;
  for await (const { line, text, ending } of lines) {
    if (record === '') first = line;
    if (text === undefined || record.length + text.length > LONGEST_LINE)
      throw unreadable(`The record in line ${first} ${TOO_LONG}, or its quotes are not closed.`);
    record += text + ending;
    if (hasOddQuotes(text)) inQuotes = !inQuotes;
    if (inQuotes) continue;
    if (record !== ending) yield { line: first, text: record };
    record = '';
  }
  if (inQuotes) throw unreadable(`A quote in line ${first} is not closed.`);
}

const hasOddQuotes = (text: string): boolean => {
  let odd = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
};

async function* batches(records: AsyncIterable<CsvText>): AsyncGenerator<readonly CsvText[]> {
  let batch: CsvText[] = [];
  let length = 0;
  for await (const record of records) {
    batch.push(record);
    length += record.text.length;
    if (length < BATCH) continue;
    yield batch;
    [batch, length] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

const rowsOf = (batch: readonly CsvText[], delimiter: string): string[][] => {
  try {
    return parsed(batch.map(({ text }) => text).join(''), delimiter);
  } catch (error) {
    for (const { line, text } of batch) refuseInvalid(line, text, delimiter);
    throw error;
  }
};

const refuseInvalid = (line: number, text: string, delimiter: string): void => {
  try {
    parsed(text, delimiter);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw unreadable(`The record in line ${line} is not valid CSV. ${error.message.replace(/ (at|on) line \d+/, '')}`);
  }
};

const parsed = (text: string, delimiter: string): string[][] =>
  parse(text, { delimiter, record_delimiter: ['\r\n', '\n'], relax_column_count: true });
