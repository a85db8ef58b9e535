import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyValueStorage } from '../storage.ts';

/** What a write that was cut off leaves behind starts so; no key's file does. */
const UNFINISHED = '~';

/**
 * One file a key in a folder of the application's own, readable by its user alone. A file is written beside, flushed to the
 * disk and renamed, so that a crash leaves the old value or the new one. Several processes may share a folder.
 * @param folder made when it is missing, e.g. Electron's `app.getPath('userData')` with a name of yours below it
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

/** By its code: in Electron and in sandboxes an error may be of another realm's `Error`. */
const isMissing = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 'ENOENT';
