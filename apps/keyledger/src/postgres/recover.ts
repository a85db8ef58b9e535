import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What stands in the way of starting PostgreSQL in a data directory. */
export type Leftover = 'nothing' | 'running';

/**
 * Clears up after a kill -9. PostgreSQL takes a zombie, or an unrelated process with the same pid, for a server that still
 * runs, and refuses to start; so whether one does is read from the processes that live in the directory.
 *
 * @returns `running` when a server of this directory is alive and can be used as it is
 */
export const clearLeftovers = async (directory: string): Promise<Leftover> => {
  const pidFile = join(directory, 'postmaster.pid');
  if (!existsSync(pidFile)) return 'nothing';
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!existsSync('/proc/self')) return isAlive(pid) ? 'running' : removeStale(directory);
  if (serversIn(directory).includes(pid)) return 'running';
  // Children of a killed postmaster notice within a moment that it is gone; those that do not are ended.
  for (let tries = 0; tries < 20 && serversIn(directory).length > 0; tries++) await sleep(100);
  for (const orphan of serversIn(directory)) kill(orphan);
  while (serversIn(directory).length > 0) await sleep(50);
  return removeStale(directory);
};

const removeStale = (directory: string): Leftover => {
  for (const file of readdirSync(directory)) {
    if (file === 'postmaster.pid' || file.startsWith('.s.PGSQL.')) rmSync(join(directory, file), { force: true });
  }
  return 'nothing';
};

/** Live processes (not zombies) named postgres whose working directory is this one. */
const serversIn = (directory: string): number[] => {
  const home = realpathSync(directory);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
        return state !== 'Z' && stat.includes('(postgres)') && readlinkSync(`/proc/${pid}/cwd`) === home;
      } catch {
        // The process ended while it was being looked at, or belongs to somebody else: not ours either way.
        return false;
      }
    });
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
