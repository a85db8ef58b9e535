import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** States of a data directory that keep PostgreSQL from starting. */
export type Leftover = 'nothing' | 'running';

/** Longest wait for a server to start, or to shut down, in milliseconds. */
const PATIENCE_MS = 60_000;

/**
 * Cleans up after a kill -9. PostgreSQL mistakes a zombie, or an unrelated process with the same pid, for a running server,
 * and refuses to start. So this checks the processes whose working directory is the data directory. It waits until a stopping
 * server has ended, and until a starting one is ready.
 * @returns `running` when a server of this directory is alive and can be used as it is
 */
export const clearLeftovers = async (directory: string): Promise<Leftover> => {
  for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(50)) {
    const file = readPidFile(directory);
    if (file === undefined) return 'nothing';
    if (isServer(file.pid, directory)) {
      if (file.status === 'ready') return 'running';
      if (performance.now() < deadline) continue;
      throw new Error(`PostgreSQL in ${directory}, process ${file.pid}, has been ${file.status} for too long.`);
    }
    await endOrphans(directory);
    // Another process may have started it meanwhile, or the starting server has just written its pid.
    if (readPidFile(directory)?.pid === file.pid) removeStale(directory);
  }
};

/**
 * Stops the server of a directory by a fast shutdown, which ends its sessions, and waits until that process has ended. It
 * sends the signal itself: Ctrl-C could end `pg_ctl stop` before that is detached from the terminal, and `pg_ctl stop` waits
 * for the pid file to disappear, which fails when another process starts the next server immediately.
 * @throws when there is none, or when it is still there after a minute
 */
export const stopServer = async (directory: string): Promise<void> => {
  const { pid } = readPidFile(directory) ?? { pid: 0 };
  if (!isServer(pid, directory)) throw new Error(`PostgreSQL in ${directory} has ended before: see its server.log.`);
  process.kill(pid, 'SIGINT');
  for (const deadline = performance.now() + PATIENCE_MS; isServer(pid, directory); await sleep(20)) {
    if (performance.now() > deadline) throw new Error(`PostgreSQL in ${directory}, process ${pid}, does not stop.`);
  }
};

interface PidFile {
  /** 0 if the file has none. */
  readonly pid: number;
  /** `starting`, `ready`, `stopping`: the eighth line; empty until the server has written it. */
  readonly status: string;
}

const readPidFile = (directory: string): PidFile | undefined => {
  try {
    const lines = readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]) || 0, status: lines[7]?.trim() ?? '' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Children of a killed postmaster notice its end within a moment; those that do not are killed. */
const endOrphans = async (directory: string): Promise<void> => {
  for (let tries = 0; tries < 20 && orphansIn(directory).length > 0; tries++) await sleep(100);
  for (const orphan of orphansIn(directory)) kill(orphan);
  while (orphansIn(directory).length > 0) await sleep(50);
};

/** Empty once a server has written its pid: then the processes found here are its children. */
const orphansIn = (directory: string): number[] => {
  const living = serversIn(directory);
  return living.includes(readPidFile(directory)?.pid ?? 0) ? [] : living;
};

const removeStale = (directory: string): void => {
  for (const file of readdirSync(directory)) {
    if (file === 'postmaster.pid' || file.startsWith('.s.PGSQL.')) rmSync(join(directory, file), { force: true });
  }
};

/** Without /proc (macOS), a process with that pid and name is assumed to be the server. */
const isServer = (pid: number, directory: string): boolean => {
  if (existsSync('/proc/self')) return serversIn(directory).includes(pid);
  const { stdout } = spawnSync('ps', ['-p', String(pid), '-o', 'comm='], { encoding: 'utf8' });
  return basename(stdout.trim()) === 'postgres';
};

/** Live processes (not zombies) named postgres whose working directory is this one. */
const serversIn = (directory: string): number[] => {
  if (!existsSync('/proc/self')) return [];
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
        // The process ended meanwhile, or belongs to another user: in both cases it is not our server.
        return false;
      }
    });
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
