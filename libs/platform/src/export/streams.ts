import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { Answer } from '../http/endpoint.ts';
import { neutralizeCell } from './formula.ts';

/** Rows per page. An export of any length holds no more than one page in memory. */
const PAGE = 1_000;

/**
 * Yields all rows, page by page. It reads the next page only after the caller has consumed the previous one, so no transaction
 * stays open while a slow caller reads.
 * @param page reads at most `limit` rows after the last one (undefined = from the beginning), in a stable order
 */
export async function* pages<Row>(page: (last: Row | undefined, limit: number) => Promise<Row[]>): AsyncIterable<Row> {
  let last: Row | undefined;
  do {
    const rows = await page(last, PAGE);
    yield* rows;
    last = rows.length < PAGE ? undefined : rows.at(-1);
  } while (last !== undefined);
}

/**
 * CSV (RFC 4180) with a heading. Cells that a spreadsheet would read as a formula are neutralized.
 * @param amounts columns whose cells are decimals of the code's own making: `-12.30` is no formula there
 */
export const csvStream = (
  columns: readonly string[],
  rows: AsyncIterable<object>,
  amounts: readonly string[] = [],
): Readable => {
  const source = Readable.from(rows);
  const csv = stringify({
    columns: [...columns],
    header: true,
    cast: {
      string: (value, { column }) => (amounts.includes(String(column)) ? value : neutralizeCell(value)),
      object: (value) => JSON.stringify(value),
      date: (value) => value.toISOString(),
      boolean: String,
    },
  });
  source.once('error', (error) => csv.destroy(error));
  csv.once('close', () => source.destroy());
  return source.pipe(csv);
};

/** NDJSON: one JSON object per line. */
export const ndjsonStream = (rows: AsyncIterable<object>): Readable => Readable.from(lines(rows));

async function* lines(rows: AsyncIterable<object>): AsyncIterable<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

/** Answers with the rows as a file. @param name of the file, without its extension; @param columns of a CSV, in order; @param amounts as in `csvStream` */
export const fileAnswer = (
  name: string,
  format: 'csv' | 'ndjson',
  columns: readonly string[],
  rows: AsyncIterable<object>,
  amounts: readonly string[] = [],
): Answer =>
  new Answer(200, format === 'csv' ? csvStream(columns, rows, amounts) : ndjsonStream(rows), {
    'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
    'content-disposition': `attachment; filename="${name}.${format}"`,
  });
