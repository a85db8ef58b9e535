import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { findBinaries } from './binaries.ts';
import { clearLeftovers, untilEnded } from './recover.ts';
import { unprivileged } from './unprivileged.ts';

/** A PostgreSQL of our own, reached by a Unix socket in its data directory: no port, no password. */
export interface EmbeddedPostgres {
  /** For the database `postgres`; `urlOf` gives another's. */
  readonly url: string;
  urlOf(database: string): string;
  /** It was running already. */
  readonly adopted: boolean;
  /** Stops it; sessions that are still open are cut. */
  stop(): Promise<void>;
}

/** `postgresql.conf` beyond PostgreSQL's defaults: durable, small, and at home in containers with a tiny /dev/shm. */
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

/** Longest path of a Unix socket, in bytes (sun_path). */
const SOCKET_PATH = 107;

/**
 * Starts the PostgreSQL of a directory, making it on the first call. After a kill -9 of anything it recovers by itself, and
 * a server that was left running is taken over.
 *
 * @param settings further lines of `postgresql.conf`, written when the directory is made
 */
export const startPostgres = async (directory: string, settings = ''): Promise<EmbeddedPostgres> => {
  const home = resolve(directory);
  if (Buffer.byteLength(join(home, '.s.PGSQL.5432')) > SOCKET_PATH) {
    throw new Error(`${home} is too long a path for a socket: set KEYLEDGER_DATA to a shorter one.`);
  }
  const { initdb, pg_ctl } = await findBinaries();
  const runAs = unprivileged();
  const run = (program: string, args: readonly string[]): Promise<void> => execute(runAs.command(program, args));

  if (!existsSync(home)) {
    const draft = `${home}.new`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(dirname(home), { recursive: true });
    mkdirSync(draft, { mode: 0o700 });
    runAs.own(draft);
    const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale-provider=builtin'];
    await run(initdb, [
      ...options,
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
      '-c',
      'dynamic_shared_memory_type=mmap',
      '-D',
      draft,
    ]);
    await appendFile(join(draft, 'postgresql.conf'), SETTINGS + settings);
    renameSync(draft, home);
  }
  chmodSync(home, 0o700);
  const adopted = (await clearLeftovers(home)) === 'running' || !(await startServer(run, pg_ctl, home));
  const urlOf = (database: string): string =>
    `postgresql://postgres@localhost/${database}?host=${encodeURIComponent(home)}`;
  return {
    url: urlOf('postgres'),
    urlOf,
    adopted,
    stop: () => untilEnded(home, () => run(pg_ctl, ['stop', '-s', '-m', 'fast', '-W', '-D', home])),
  };
};

/** @returns false when somebody else was quicker. @throws when it does not start */
const startServer = async (
  run: (program: string, args: readonly string[]) => Promise<void>,
  pg_ctl: string,
  home: string,
): Promise<boolean> => {
  const options = ['-w', '-s', '-t', '60', '-D', home, '-l', join(home, 'server.log'), '-o', `-k "${home}"`];
  try {
    await run(pg_ctl, ['start', ...options]);
    return true;
  } catch (error) {
    if ((await clearLeftovers(home)) === 'running') return false;
    throw error;
  }
};

/** `detached`: a Ctrl-C in the terminal is for Keyledger, which then stops PostgreSQL in its own time. */
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
