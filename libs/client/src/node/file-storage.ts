import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyValueStorage } from '../storage.ts';

/** Prefix of files that are being written. No key's file name starts with it. */
const UNFINISHED = '~';

/**
 * Stores one file per key in a folder, readable by its user only. A value is written to a new file, flushed to disk and renamed,
 * so a crash leaves either the old or the new value. Several processes may share a folder.
 * @param folder created when missing, e.g. a folder in Electron's `app.getPath('userData')`
 */
export const fileStorage = (folder: string): KeyValueStorage => {
  const fileOf = (key: string): string => join(folder, encodeURIComponent(key));
  return {
    get: async (key) => {
      try {
        return await readFile(fileOf(key), 'utf8');
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    set: async (key, value) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const unfinished = join(folder, `${UNFINISHED}${randomUUID()}`);
      try {
        await writeFlushed(unfinished, value);
        await rename(unfinished, fileOf(key));
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
    },
    delete: (key) => rm(fileOf(key), { force: true }),
    keys: async (prefix) => {
      try {
        const names = await readdir(folder);
        return names
          .filter((name) => name.startsWith(encodeURIComponent(prefix)) && !name.startsWith(UNFINISHED))
          .map(decodeURIComponent)
          .sort();
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
  };
};

const writeFlushed = async (file: string, value: string): Promise<void> => {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(value);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Checks the code, not the class: in Electron and in sandboxes an error may come from another realm's `Error`. */
const isMissing = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 'ENOENT';
