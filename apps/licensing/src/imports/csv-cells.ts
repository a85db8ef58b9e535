import { restoreCell } from '#platform/export/formula';
import { type Content, keepable } from './import-record.ts';
import { ExportedLicense, isExported, takesNull } from './line.schemas.ts';

type Read = (text: string) => unknown;

/** Columns that are not text. A cell that cannot be parsed stays text, and validation refuses it. */
const READ: Readonly<Record<string, Read>> = {
  metadata: (text) => JSON.parse(text) as unknown,
  activations: (text) => text.split(';').map((identifier) => identifier.trim()),
  skip_trial: (text) => ({ true: true, false: false })[text.toLowerCase()] ?? text,
  quantity: (text) => numberIn(text),
};

const numberIn = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);

/** `export` writes the number of activations in this column. */
const READ_EXPORTED: typeof READ = { ...READ, activations: (text) => numberIn(text) };

/**
 * The fields in a row of cells. An empty cell means that the field is left out. In a file that `export` wrote, it means null if
 * the field may be null. The apostrophe that neutralizes a formula is removed.
 */
export const contentOf = (columns: readonly string[], cells: readonly string[]): Content => {
  if (cells.length !== columns.length) return { fault: `has ${cells.length} cells; the heading has ${columns.length}` };
  const exported = isExported(columns);
  const read = exported ? READ_EXPORTED : READ;
  const fields: Record<string, unknown> = {};
  for (const [n, name] of columns.entries()) {
    const text = restoreCell(cells[n] ?? '');
    if (text === '') {
      if (exported && NULLABLE.has(name)) fields[name] = null;
    } else if (name === '') {
      return { fault: `has text in column ${n + 1}, which has no heading` };
    } else {
      try {
        fields[name] = read[name]?.(text) ?? text;
      } catch {
        return { fault: `${name} is not JSON` };
      }
    }
  }
  return keepable(fields);
};

const NULLABLE = new Set(
  Object.entries(ExportedLicense.properties).flatMap(([name, schema]) => (takesNull(schema) ? [name] : [])),
);
