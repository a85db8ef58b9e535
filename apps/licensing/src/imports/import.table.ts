import { integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Imports: the file that was received, how far it was processed, and which lines were refused. Not projected from events. */
export const importsTable = defineTable(
  'imports',
  {
    id: text().key(),
    product_id: text().orNull(),
    actor: json<{ readonly type: string; readonly id: string }>(),
    status: text<'receiving' | 'running' | 'finished'>(),
    /** Number of lines that are not empty, without the heading. */
    lines: integer().default(0),
    done: integer().default(0),
    issued: integer().default(0),
    unchanged: integer().default(0),
    refused: integer().default(0),
    created_at: time().default(() => 'now()'),
    finished_at: time().orNull(),
  },
  { indices: [{ name: 'imports_running', columns: ['id'], where: "status = 'running'" }] },
);

export type ImportRow = RowOf<typeof importsTable>;

const ofImport = (name: string) => ({
  name,
  target: importsTable,
  columnNames: ['import_id'],
  referencedColumnNames: ['id'],
  onDelete: 'CASCADE' as const,
});

/** Lines of imports that are not finished. */
export const importLinesTable = defineTable(
  'import_lines',
  {
    import_id: text().key(),
    /** Position among the lines that are not empty, from 1. */
    n: integer().key(),
    /** Number of the line in the file. */
    line: integer(),
    record: json<unknown>().orNull(),
    /** Why the line cannot be read. */
    fault: text().orNull(),
  },
  { foreignKeys: [ofImport('import_lines_import_id_fkey')] },
);

export const importRefusalsTable = defineTable(
  'import_refusals',
  {
    import_id: text().key(),
    line: integer().key(),
    external_id: text().orNull(),
    reason: text(),
  },
  { foreignKeys: [ofImport('import_refusals_import_id_fkey')] },
);

export type ImportRefusalRow = RowOf<typeof importRefusalsTable>;
