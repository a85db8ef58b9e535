import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { startAndWaitFor, stop } from './children.ts';

/** A Keyledger in one process with its own data folder, as `npm start` runs it. */
export interface Instance {
  readonly url: string;
  readonly pid: number;
  readonly key: string;
  readonly databaseUrl: string;
  /** The main process of PostgreSQL: `pg_ctl` starts it and exits, so it is not a child of `pid`. NaN for another database. */
  readonly databasePid: number;
  /** Calls with the admin key. @throws on any answer except 2xx */
  send(method: 'POST' | 'PUT', path: string, body: unknown): Promise<Record<string, unknown>>;
  /** As `send`. */
  post(path: string, body: unknown): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../dist/apps/keyledger/src/main.js', import.meta.url));

/** How the image runs a process. */
export const PROCESS = [
  '--disable-warning=TimeoutNegativeWarning',
  '--max-semi-space-size=16',
  '--heap-growing-percent=70',
  MAIN,
];

/** @param env `DATABASE_URL` names a database in place of one of its own */
export const startInstance = async (env: Readonly<Record<string, string>> = {}): Promise<Instance> => {
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-bench-'));
  const key = `kl_${randomBytes(32).toString('hex')}`;
  const { child, match } = await startAndWaitFor(PROCESS, /serves (http:\/\/127\.0\.0\.1:\d+)/, {
    MALLOC_ARENA_MAX: '2',
    MALLOC_MMAP_THRESHOLD_: '131072',
    ...process.env,
    PORT: '0',
    KEYLEDGER_DATA: folder,
    KEYLEDGER_BOOTSTRAP_API_KEY: key,
    KEYLEDGER_RATE_LIMITS: 'off',
    KEYLEDGER_LOG_LEVEL: 'warn',
    ...env,
  });
  const url = match[1] ?? '';
  const pool = new Pool(url, { connections: 64 });
  const own = env['DATABASE_URL'] === undefined;
  const send: Instance['send'] = async (method, path, body) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answer = await pool.request({ method, path, headers, body: JSON.stringify(body) });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  };
  return {
    url,
    pid: child.pid ?? 0,
    key,
    databasePid: own ? parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10) : NaN,
    databaseUrl:
      env['DATABASE_URL'] ??
      `postgresql://postgres@localhost/keyledger?host=${encodeURIComponent(join(folder, 'postgres'))}`,
    send,
    post: (path, body) => send('POST', path, body),
    stop: async () => {
      await pool.close();
      await stop(child);
      await rm(folder, { recursive: true });
    },
  };
};
