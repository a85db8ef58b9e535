import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CatalogueEntry } from '#events/catalogue/catalogue';
import { type Break, breaks, release, type ReleasedCatalogue } from '#events/catalogue/compatibility';

/** Where the catalogue lies that consumers were promised, below the root of the project. */
export const RELEASED = join('docs', 'catalogue', 'released.json');

/** @returns undefined when none has been released yet */
export const readReleased = async (root: string): Promise<ReleasedCatalogue | undefined> =>
  existsSync(join(root, RELEASED))
    ? (JSON.parse(await readFile(join(root, RELEASED), 'utf8')) as ReleasedCatalogue)
    : undefined;

/**
 * Makes the present catalogue the promise that later ones are held to.
 * @returns the types that are new in it
 * @throws when it would break what was promised before
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

/** What is wrong and what to do about it, for whoever has changed a contract. */
export const explain = (broken: readonly Break[]): string =>
  [
    'Consumers of the released catalogue would trip over this:',
    ...broken.map(({ at, what }) => `  ${at} ${what}`),
    'A published schema may only get new optional fields. Publish what is different under a new event type, beside the old one.',
  ].join('\n');
