import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Process ids of processes whose working directory is the given one, without zombies. Linux only. */
export const livingIn = (directory: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === directory && !/^State:\s+Z/m.test(read(pid));
      } catch (error) {
        // The process ended during the check, or is a zombie, which has no directory.
        if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
        throw error;
      }
    });

const read = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');
