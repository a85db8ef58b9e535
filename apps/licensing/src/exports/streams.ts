import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { Answer } from '#platform/http/endpoint';

/** Rows that are read from the database at once: what an export holds in memory, whatever its length. */
const PAGE = 1_000;

/**
 * All rows, page by page, each page asked for when the one before has been taken: no transaction stays open while a slow
 * caller reads.
 * @param page reads the rows behind the last one (undefined = from the beginning), in a stable order, at most `limit`
 */
export async function* pages<Row>(page: (last: Row | undefined, limit: number) => Promise<Row[]>): AsyncIterable<Row> {
  let last: Row | undefined;
  do {
    const rows = await page(last, PAGE);
    yield* rows;
    last = rows.length < PAGE ? undefined : rows.at(-1);
  } while (last !== undefined);
}

/** CSV (RFC 4180) with a heading. A cell that a spreadsheet would take for a formula gets an apostrophe in front. */
export const csvStream = (columns: readonly string[], rows: AsyncIterable<object>): Readable => {
  const source = Readable.from(rows);
  const csv = stringify({
    columns: [...columns],
    header: true,
    escape_formulas: true,
    cast: { object: (value) => JSON.stringify(value), date: (value) => value.toISOString(), boolean: String },
  });
  source.once('error', (error) => csv.destroy(error));
  csv.once('close', () => source.destroy());
  return source.pipe(csv);
};

/** A JSON object a line. */
export const ndjsonStream = (rows: AsyncIterable<object>): Readable => Readable.from(lines(rows));

async function* lines(rows: AsyncIterable<object>): AsyncIterable<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

/** The rows as a file of a name. @param columns those of a CSV, in their order */
export const fileAnswer = (
  name: string,
  format: 'csv' | 'ndjson',
  columns: readonly string[],
  rows: AsyncIterable<object>,
): Answer =>
  new Answer(200, format === 'csv' ? csvStream(columns, rows) : ndjsonStream(rows), {
    'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
    'content-disposition': `attachment; filename="${name}.${format}"`,
  });
