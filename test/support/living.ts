import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Process ids of those that live in a directory (it is where they work), zombies left out. Linux only. */
export const livingIn = (directory: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === directory && !/^State:\s+Z/m.test(read(pid));
      } catch (error) {
        // It ended while it was looked at, or is a zombie, which has no directory any more.
        if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
        throw error;
      }
    });

const read = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');
