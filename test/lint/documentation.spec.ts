import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = globSync(['*.md', '.github/**/*.md', '{apps,docs,libs}/**/*.md'], {
  cwd: ROOT,
  exclude: (path) => path.includes('node_modules'),
});

const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');
/** Targets of links to files of the project. */
const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\(([^()]+)\)/g)]
    .map(([, target = '']) => target.replace(/\s+/g, ''))
    .filter((target) => !/^[a-z]+:/.test(target));
/** Names of files and folders in code, such as `libs/events/README.md`. */
const pathsOf = (text: string): string[] =>
  [...text.matchAll(/`((?:apps|docs|libs|test|tools)\/[\w./-]+)`/g)].map(([, path = '']) => path);
/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsIn = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

describe('the documentation', () => {
  it.each(PAGES)('%s links to pages and headings that exist', (page) => {
    for (const link of linksOf(read(page))) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      expect({ link, exists: existsSync(join(ROOT, target)) }).toEqual({ link, exists: true });
      if (anchor !== undefined && target.endsWith('.md')) expect(anchorsIn(target)).toContain(anchor);
    }
  });

  it.each(PAGES)('%s names files that exist', (page) => {
    const missing = pathsOf(read(page)).filter(
      (path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, dirname(page), path)),
    );
    expect(missing).toEqual([]);
  });

  it.each(PAGES)('%s names npm scripts that exist', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
