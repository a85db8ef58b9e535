import type { Feature } from '#platform/feature';
import { ImportController } from './import.controller.ts';
import { importLinesTable, importRefusalsTable, importsTable } from './import.table.ts';
import { Importer } from './importer.ts';
import { Imports } from './imports.ts';
import { ImportLine } from './line.ts';

export const importsFeature: Feature = {
  tables: [importsTable, importLinesTable, importRefusalsTable],
  controllers: [ImportController],
  providers: [Imports, ImportLine],
  work: [Importer],
};
