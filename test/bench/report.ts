import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { format as layOut } from 'prettier';

/** One measured figure and its limit. `ratio` is value ÷ limit. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The limit that the figure is compared with, measured in the same run. */
  readonly limit?: { readonly what: string; readonly value: number };
  /** The promised bound: a ratio to the limit, or a bound on the value itself. */
  readonly target?:
    | { readonly ratio: number }
    | { readonly ratioAtMost: number }
    | { readonly atLeast: number }
    | { readonly atMost: number };
}

const format = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));

const met = ({ value, limit, target }: Figure): string => {
  if (target === undefined) return '';
  if ('ratio' in target)
    return `${limit && value / limit.value >= target.ratio ? 'met' : 'MISSED'} (≥ ${target.ratio}×)`;
  if ('ratioAtMost' in target)
    return `${limit && value / limit.value <= target.ratioAtMost ? 'met' : 'MISSED'} (≤ ${target.ratioAtMost}×)`;
  if ('atLeast' in target) return `${value >= target.atLeast ? 'met' : 'MISSED'} (≥ ${format(target.atLeast)})`;
  return `${value <= target.atMost ? 'met' : 'MISSED'} (≤ ${format(target.atMost)})`;
};

const row = (figure: Figure): string => {
  const { what, value, unit, limit } = figure;
  const beside = limit ? `${limit.what}: ${format(limit.value)}` : '';
  const ratio = limit ? `${(value / limit.value).toFixed(2)}×` : '';
  return `| ${what} | ${format(value)} ${unit} | ${beside} | ${ratio} | ${met(figure)} |`;
};

const HEAD = '| measured | value | beside | ratio | target |\n|---|---|---|---|---|';

export const table = (figures: readonly Figure[]): string => [HEAD, ...figures.map(row)].join('\n');

const START = '<!-- figures -->';
const END = '<!-- /figures -->';

/** Writes the figures between the marks of docs/benchmarks.md. Figures that were not measured this time stay unchanged. */
export const writeReport = async (file: string, sections: ReadonlyMap<string, readonly Figure[]>): Promise<void> => {
  const page = readFileSync(file, 'utf8');
  const [start, end] = [page.indexOf(START) + START.length, page.indexOf(END)];
  const kept = page.slice(start, end).split(/^### /m).slice(1);
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}.`;
  const all = new Map(kept.map((section) => [section.slice(0, section.indexOf('\n')), section]));
  for (const [name, figures] of sections) all.set(name, `${name}\n\n${machine}\n\n${table(figures)}\n\n`);
  const body = [...all.values()].map((section) => `### ${section}`).join('');
  writeFileSync(file, await layOut(`${page.slice(0, start)}\n\n${body}${page.slice(end)}`, { parser: 'markdown' }));
};
