import { type ChildProcess, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { request } from 'undici';
import { startAndWaitFor, stop } from './children.ts';
import { freshDatabase } from './postgres.ts';

type Fields = Record<string, unknown>;

/** One of several Keyledgers, in its own process. */
export interface InstanceOfSeveral {
  readonly url: string;
  readonly child: ChildProcess;
  /** POSTs with the admin key. @throws on any answer except 2xx */
  post(path: string, body?: Fields): Promise<Fields>;
  /**
   * POSTs with the admin key, or without a key if `key` is null. @returns status and answer; status 0 if the instance has ended
   */
  ask(path: string, body: Fields, key?: null): Promise<readonly [number, Fields]>;
}

/** Several Keyledgers on one database. */
export interface Instances {
  readonly key: string;
  readonly pool: pg.Pool;
  /** Starts one more instance. @param port default: a free port */
  start(port?: string): Promise<InstanceOfSeveral>;
  /** Runs the command line to its end, with the admin key. */
  cli(...args: string[]): Promise<{ code: number | null; out: string; err: string }>;
  close(): Promise<void>;
}

const built = (name: string): string =>
  fileURLToPath(new URL(`../../dist/apps/keyledger/src/${name}.js`, import.meta.url));
const MAIN = built('main');
/** The command line. */
export const CLI = built('cli');

export const prepareInstances = async (env: Readonly<Record<string, string>> = {}): Promise<Instances> => {
  const key = `kl_${randomBytes(32).toString('hex')}`;
  const master = randomBytes(32).toString('base64');
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-instances-'));
  const database = await freshDatabase();
  const pool = new pg.Pool({ ...database.config, max: 2 });
  const running: ChildProcess[] = [];

  const start = async (port = '0'): Promise<InstanceOfSeveral> => {
    const { child, match } = await startAndWaitFor(
      ['--disable-warning=TimeoutNegativeWarning', MAIN],
      /serves (http:\/\/127\.0\.0\.1:\d+)/,
      {
        ...process.env,
        PORT: port,
        DATABASE_URL: database.url,
        KEYLEDGER_DATA: folder,
        KEYLEDGER_MASTER_KEY: master,
        KEYLEDGER_BOOTSTRAP_API_KEY: key,
        KEYLEDGER_RATE_LIMITS: 'off',
        KEYLEDGER_LOG_LEVEL: 'error',
        ...env,
      },
    );
    running.push(child);
    const url = match[1] ?? '';
    const send = (path: string, body: Fields, authorization: Record<string, string>) =>
      request(`${url}/api/v1${path}`, {
        method: 'POST',
        headers: { ...authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    return {
      url,
      child,
      post: async (path, body = {}) => {
        const answer = await send(path, body, { authorization: `Bearer ${key}` });
        const text = await answer.body.text();
        if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
        return JSON.parse(text) as Fields;
      },
      ask: async (path, body, who) => {
        try {
          const answer = await send(path, body, who === null ? {} : { authorization: `Bearer ${key}` });
          return [answer.statusCode, (await answer.body.json()) as Fields];
        } catch (error) {
          if (child.exitCode === null && child.signalCode === null && !child.killed) throw error;
          return [0, {}];
        }
      },
    };
  };

  return {
    key,
    pool,
    start,
    cli: (...args) =>
      new Promise((resolve) => {
        const options = { env: { ...process.env, KEYLEDGER_API_KEY: key }, maxBuffer: 2 ** 26 };
        const child = execFile(process.execPath, [CLI, ...args], options, (_error, out, err) =>
          resolve({ code: child.exitCode, out, err }),
        );
      }),
    close: async () => {
      await Promise.all(running.map((child) => stop(child)));
      await pool.end();
      await database.drop();
      await rm(folder, { recursive: true });
    },
  };
};
