import type { Feature } from '#platform/feature';
import { ImportController } from './import.controller.ts';
import { Imports1790000030000 } from './import.table.ts';
import { Importer } from './importer.ts';
import { Imports } from './imports.ts';
import { ImportLine } from './line.ts';

export const importsFeature: Feature = {
  migrations: [Imports1790000030000],
  controllers: [ImportController],
  providers: [Imports, ImportLine],
  work: [Importer],
};
