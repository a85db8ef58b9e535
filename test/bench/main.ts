/**
 * `npm run bench [-- NAME…] [--write]`: runs the named benchmarks (default: all), each compared with its limit in the same
 * run, and prints the figures; `--write` saves them in docs/benchmarks.md.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Figure, table, writeReport } from './report.ts';

const BENCHMARKS: Readonly<Record<string, () => Promise<{ run(): Promise<Figure[]> }>>> = {
  append: () => import('./append.bench.ts'),
  command: () => import('./command.bench.ts'),
  rebuild: () => import('./rebuild.bench.ts'),
  http: () => import('./http.bench.ts'),
  import: () => import('./import.bench.ts'),
  usage: () => import('./usage.bench.ts'),
  floating: () => import('./floating.bench.ts'),
  bus: () => import('./bus.bench.ts'),
  delivery: () => import('./delivery.bench.ts'),
  documents: () => import('./documents.bench.ts'),
  billing: () => import('./billing-http.bench.ts'),
  renewals: () => import('./renewals.bench.ts'),
};

/** Long benchmarks run only when they are named. */
const LONG: Readonly<Record<string, (typeof BENCHMARKS)[string]>> = {
  scale: () => import('./scale.bench.ts'),
  history: () => import('./history.bench.ts'),
};

const { positionals, values } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean' } } });
const names = positionals.length > 0 ? positionals : Object.keys(BENCHMARKS);
const sections = new Map<string, readonly Figure[]>();
for (const name of names) {
  const load = BENCHMARKS[name] ?? LONG[name];
  if (load === undefined)
    throw new Error(`no benchmark "${name}": there are ${Object.keys({ ...BENCHMARKS, ...LONG }).join(', ')}`);
  console.log(`\n### ${name}\n`);
  const figures = await (await load()).run();
  console.log(table(figures));
  sections.set(name, figures);
}
if (values.write) await writeReport(fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url)), sections);
