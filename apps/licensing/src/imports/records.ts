import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { jsonFault } from '#platform/http/body';

/** A line of the file: what it says, or why nobody can tell. `line` counts from 1, a heading included. */
export type Line = { readonly line: number } & ({ readonly record: unknown } | { readonly fault: string });

/** Longest line, in characters: that of a whole request. */
const LONGEST = 1_048_576;

/** A JSON object a line (NDJSON). Empty lines are passed by. */
export async function* ndjsonLines(file: Readable): AsyncIterable<Line> {
  let line = 0;
  for await (const text of createInterface({ input: file, crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === '') continue;
    yield { line, ...parsed(text) };
  }
}

const parsed = (text: string): { record: unknown } | { fault: string } => {
  if (text.length > LONGEST) return { fault: 'is longer than 1 MiB' };
  try {
    return kept(JSON.parse(text));
  } catch {
    return { fault: 'is not JSON' };
  }
};

/** What a body may not hold a line may not hold either. */
const kept = (record: unknown): { record: unknown } | { fault: string } => {
  const fault = jsonFault(record);
  return fault === undefined ? { record } : { fault };
};

/** Columns of a CSV file that are not texts. */
const FROM_TEXT: Readonly<Record<string, (text: string) => unknown>> = {
  metadata: (text) => JSON.parse(text) as unknown,
  activations: (text) => text.split(';').map((identifier) => identifier.trim()),
};

/**
 * CSV (RFC 4180) with a heading that names the fields. An empty cell is a field left out; `metadata` is JSON; `activations`
 * are identifiers with semicolons between them.
 */
export async function* csvLines(file: Readable): AsyncIterable<Line> {
  const rows = file.pipe(
    parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: LONGEST }),
  );
  file.once('error', (error) => rows.destroy(error));
  let heading: readonly string[] | undefined;
  try {
    for await (const { record, info } of rows as AsyncIterable<{ record: readonly string[]; info: Info }>) {
      if (heading === undefined) heading = record.map((name) => name.trim());
      else if (record.length !== heading.length)
        yield { line: info.lines, fault: `has ${record.length} cells where the heading has ${heading.length}` };
      else yield { line: info.lines, ...fieldsOf(heading, record) };
    }
  } catch (error) {
    // A quote that is never closed: nothing behind it can be read.
    if (!(error instanceof CsvError)) throw error;
    yield { line: Number(error['lines'] ?? 0), fault: `cannot be read, nor what follows: ${error.message}` };
  }
}

const fieldsOf = (heading: readonly string[], cells: readonly string[]): { record: unknown } | { fault: string } => {
  const fields: Record<string, unknown> = {};
  for (const [n, name] of heading.entries()) {
    const text = cells[n] ?? '';
    if (text === '') continue;
    try {
      fields[name] = FROM_TEXT[name]?.(text) ?? text;
    } catch {
      return { fault: `${name} is not JSON` };
    }
  }
  return kept(fields);
};
