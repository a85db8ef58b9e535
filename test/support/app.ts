import type { Type } from '@nestjs/common';
import { request } from 'undici';
import { type App, startApp as start } from '#platform/bootstrap';
import type { Clock } from '#platform/clock/clock';
import type { Config } from '#platform/config/config';
import { loadConfig } from '#platform/config/load';
import type { ServiceDefinition } from '#platform/service';
import { createLogger } from '#platform/telemetry/logger';
import { migratedDatabase } from './service-database.ts';

/** The system-wide admin key of every test instance. */
export const ADMIN_KEY = 'kl_test_admin_key_0123456789';

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  // Assertions read answers field by field; a type for each answer would repeat the assertions.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface TestApp {
  readonly url: string;
  readonly app: App;
  readonly config: Config;
  readonly databaseUrl: string;
  /** Calls the API with the admin key; `headers` may override. A body makes it JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string | undefined>): Promise<Reply>;
  /** Creates a resource through the API. @throws on any answer except 201 */
  create(path: string, body: unknown, headers?: Record<string, string | undefined>): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  readonly services: readonly ServiceDefinition[];
  /** The services to start; default: every service of the product. */
  readonly product?: readonly ServiceDefinition[];
  /** Global Nest modules in addition to those of the services. */
  readonly modules?: readonly Type[];
  readonly env?: Readonly<Record<string, string>>;
  /** Uses the database of another instance, which is not dropped with this instance. */
  readonly databaseUrl?: string;
  readonly retryLadder?: readonly number[];
  /** Business time (default: real time). */
  readonly clock?: Clock;
  /** Receives the log, line by line, instead of standard output. */
  readonly log?: (line: string) => void;
}

/** Starts services in this process, with their own port and database. */
export const startApp = async ({
  services,
  product = services,
  modules = [],
  env = {},
  databaseUrl,
  retryLadder,
  clock,
  log,
}: TestAppOptions): Promise<TestApp> => {
  const database = databaseUrl === undefined ? await migratedDatabase(services) : undefined;
  const variables = {
    PORT: '0',
    DATABASE_URL: databaseUrl ?? database?.url,
    KEYLEDGER_MASTER_KEY: Buffer.alloc(32, 42).toString('base64'),
    KEYLEDGER_BOOTSTRAP_API_KEY: ADMIN_KEY,
    KEYLEDGER_RATE_LIMITS: 'off',
    KEYLEDGER_LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent',
    ...env,
  };
  const config = loadConfig(variables, { services, product });
  const app = await start({
    name: 'test',
    config,
    services,
    product,
    modules,
    logger: createLogger(config, 'test', log && { write: log }),
    ...(retryLadder === undefined ? {} : { retryLadder }),
    ...(clock === undefined ? {} : { clock }),
  });
  return {
    url: app.url,
    app,
    config,
    databaseUrl: config.database_url ?? '',
    call: (method, path, body, headers = {}) => call(app.url, method, path, body, headers),
    create: async (path, body, headers = {}) => {
      const reply = await call(app.url, 'POST', path, body, headers);
      if (reply.status !== 201) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return reply.body as Record<string, unknown>;
    },
    close: async () => {
      await app.close();
      await database?.drop();
    },
  };
};

const call = async (
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string | undefined>,
): Promise<Reply> => {
  const all: Record<string, string | undefined> = {
    authorization: `Bearer ${ADMIN_KEY}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  };
  const reply = await request(`${url}${path.startsWith('/api') || path.startsWith('/.') ? '' : '/api/v1'}${path}`, {
    method: method as 'GET',
    headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await reply.body.text();
  const isJson = /[/+]json/.test(String(reply.headers['content-type']));
  return { status: reply.statusCode, headers: reply.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
};

type Look<T> = () => Promise<T | undefined | false> | T | undefined | false;

/** If the condition never becomes true, the test fails with its description. Tests do not limit how long the condition takes. */
const PATIENCE_MS = 240_000;
const BETWEEN_LOOKS_MS = 10;
const LOOKS_A_SECOND = 70;

/** Waits for a condition. @throws when it never becomes true, with a clearer message than a failed assertion */
export const eventually = async <T>(look: Look<T>): Promise<T> => {
  const deadline = performance.now() + PATIENCE_MS;
  return keepLooking(look, () => performance.now() < deadline);
};

/**
 * Waits for a condition that becomes true within a second on a quiet machine. Counts attempts and not time: on a busy machine,
 * attempts slow down together with the tested work. @throws when the condition is still false after the last attempt
 */
export const soon = async <T>(look: Look<T>): Promise<T> => {
  let looks = 0;
  return keepLooking(look, () => ++looks < LOOKS_A_SECOND);
};

const keepLooking = async <T>(look: Look<T>, again: () => boolean): Promise<T> => {
  do {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
  } while (again());
  throw new Error(`waited in vain for: ${look.toString()}`);
};
