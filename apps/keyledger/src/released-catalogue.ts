import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CatalogueEntry } from '#events/catalogue/catalogue';
import { type Break, breaks, release, type ReleasedCatalogue } from '#events/catalogue/compatibility';

/** Path of the released catalogue, below the root of the project. Consumers rely on it. */
export const RELEASED = join('docs', 'catalogue', 'released.json');

/** @returns undefined when none has been released yet */
export const readReleased = async (root: string): Promise<ReleasedCatalogue | undefined> =>
  existsSync(join(root, RELEASED))
    ? (JSON.parse(await readFile(join(root, RELEASED), 'utf8')) as ReleasedCatalogue)
    : undefined;

/**
 * Releases the current catalogue: later ones must stay compatible with it.
 * @returns the types that are new in it
 * @throws when it is incompatible with the last release
 */
export const releaseCatalogue = async (root: string, entries: readonly CatalogueEntry[]): Promise<string[]> => {
  const before = await readReleased(root);
  const broken = before === undefined ? [] : breaks(before, entries);
  if (broken.length > 0) throw new Error(explain(broken));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  await mkdir(dirname(join(root, RELEASED)), { recursive: true });
  await writeFile(join(root, RELEASED), `${JSON.stringify(release(version, entries), null, 2)}\n`);
  return entries.map(({ type }) => type).filter((type) => before?.events[type] === undefined);
};

/** Explains the incompatible changes and the remedy to the author of a contract. */
export const explain = (broken: readonly Break[]): string =>
  [
    'Consumers of the released catalogue would trip over this:',
    ...broken.map(({ at, what }) => `  ${at} ${what}`),
    'A published schema may only get new optional fields. Publish what is different under a new event type, beside the old one.',
  ].join('\n');
