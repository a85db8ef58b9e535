import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { realTime } from '#platform/clock/clock';
import { findBinaries } from './binaries.ts';
import { clearLeftovers, stopServer } from './recover.ts';
import { type RunAs, unprivileged } from './unprivileged.ts';

/** An embedded PostgreSQL, reached by a Unix socket in its data directory: no port, no password. */
export interface EmbeddedPostgres {
  /** URL of the database `postgres`; `urlOf` returns the URL of another database. */
  readonly url: string;
  urlOf(database: string): string;
  /** Whether it was already running. */
  readonly adopted: boolean;
  /** Stops it and ends open sessions. */
  stop(): Promise<void>;
}

/** Settings that differ from PostgreSQL's defaults: durable, small, and suitable for containers with a tiny /dev/shm. */
const SETTINGS = `
listen_addresses = ''
unix_socket_permissions = 0700
dynamic_shared_memory_type = mmap
shared_buffers = 128MB
max_connections = 100
max_wal_size = 1GB
checkpoint_timeout = 15min
jit = off
client_connection_check_interval = 2s
`;

const INITDB = [
  '--auth=trust',
  '--username=postgres',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--data-checksums',
  '-c',
  'dynamic_shared_memory_type=mmap',
];

/** An unfinished data directory of this age, in milliseconds, was left by a killed process. */
const ABANDONED_MS = 600_000;

/** Longest path of a Unix socket, in bytes (sun_path). */
const SOCKET_PATH = 107;
/** How often a start is retried while other processes start and stop the same server. */
const TRIES = 10;
/** Maximum pause before a retry, in milliseconds; the pause is random, so that processes do not collide each time. */
const PAUSE_MS = 100;

/**
 * Starts the PostgreSQL of a directory, and creates the directory on the first call. After a kill -9 of any process it
 * recovers by itself, and it takes over a server that was left running.
 * @param settings further lines of `postgresql.conf`, written when the directory is created
 */
export const startPostgres = async (directory: string, settings = ''): Promise<EmbeddedPostgres> => {
  const home = resolve(directory);
  if (Buffer.byteLength(join(home, '.s.PGSQL.5432')) > SOCKET_PATH) {
    throw new Error(`${home} is too long a path for a socket: set KEYLEDGER_DATA to a shorter one.`);
  }
  const { initdb, pg_ctl } = await findBinaries();
  const runAs = unprivileged();
  const run = (program: string, args: readonly string[]): Promise<void> => execute(runAs.command(program, args));

  if (!existsSync(home)) await makeHome(home, settings, runAs, (options) => run(initdb, options));
  chmodSync(home, 0o700);
  const adopted = !(await startServer(run, pg_ctl, home));
  const urlOf = (database: string): string =>
    `postgresql://postgres@localhost/${database}?host=${encodeURIComponent(home)}`;
  return {
    url: urlOf('postgres'),
    urlOf,
    adopted,
    stop: () => stopServer(home),
  };
};

/**
 * Creates the data directory under a temporary name and renames it when it is complete, so that an unfinished directory is
 * never used. If several processes do this at the same time, the first directory stays.
 */
const makeHome = async (
  home: string,
  settings: string,
  runAs: RunAs,
  initdb: (options: readonly string[]) => Promise<void>,
): Promise<void> => {
  const folder = dirname(home);
  mkdirSync(folder, { recursive: true });
  const prefix = `${basename(home)}.new-`;
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(prefix))) {
    if (statSync(join(folder, name)).mtimeMs < realTime() - ABANDONED_MS) removeAll(join(folder, name));
  }
  const draft = mkdtempSync(join(folder, prefix));
  runAs.own(draft);
  try {
    await initdb([...INITDB, '-D', draft]);
    await appendFile(join(draft, 'postgresql.conf'), SETTINGS + settings);
    renameSync(draft, home);
  } catch (error) {
    removeAll(draft);
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
};

const removeAll = (path: string): void => rmSync(path, { recursive: true, force: true });

/**
 * Starts the server, unless it runs or another process starts it first. That process may have stopped it again since, so a
 * failed start is retried.
 * @returns whether it was started here. @throws when it does not start
 */
const startServer = async (
  run: (program: string, args: readonly string[]) => Promise<void>,
  pg_ctl: string,
  home: string,
): Promise<boolean> => {
  const options = ['-w', '-s', '-t', '60', '-D', home, '-l', join(home, 'server.log'), '-o', `-k "${home}"`];
  for (let tries = 1; (await clearLeftovers(home)) === 'nothing'; tries++) {
    try {
      await run(pg_ctl, ['start', ...options]);
      return true;
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(Math.random() * PAUSE_MS);
    }
  }
  return false;
};

/** `detached`: Ctrl-C in the terminal reaches only Keyledger, which then stops PostgreSQL in an orderly way. */
const execute = ([program, ...args]: readonly [string, ...string[]]): Promise<void> =>
  new Promise((done, failed) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    child.once('error', failed);
    child.once('exit', (code) => {
      child.stderr.destroy();
      if (code === 0) done();
      else failed(new Error(`${program} ${args.join(' ')} ended with ${code}: ${complaint.trim()}`));
    });
  });
