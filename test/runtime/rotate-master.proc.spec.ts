import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { request } from 'undici';
import { startAndWaitFor, stop } from '../support/children.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

type Fields = Record<string, unknown>;

const built = (name: string): string =>
  fileURLToPath(new URL(`../../dist/apps/keyledger/src/${name}.js`, import.meta.url));
const KEY = `kl_${'r'.repeat(64)}`;
const PEOPLE = 3_000;

/** A Keyledger that keeps serving while a command, killed in the middle, rotates its master key. */
describe('keyledger keys rotate-master', () => {
  const [before, after] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  let folder: string;
  let database: TestDatabase;
  let pool: pg.Pool;

  const env = (master: string, previous = ''): NodeJS.ProcessEnv => ({
    ...process.env,
    PORT: '0',
    DATABASE_URL: database.url,
    KEYLEDGER_DATA: folder,
    KEYLEDGER_MASTER_KEY: master,
    KEYLEDGER_PREVIOUS_MASTER_KEYS: previous,
    KEYLEDGER_BOOTSTRAP_API_KEY: KEY,
    KEYLEDGER_RATE_LIMITS: 'off',
    KEYLEDGER_LOG_LEVEL: 'error',
  });
  const start = async (master: string, previous?: string) => {
    const main = ['--disable-warning=TimeoutNegativeWarning', built('main')];
    const { child, match } = await startAndWaitFor(main, /serves (http:\/\/127\.0\.0\.1:\d+)/, env(master, previous));
    return { url: match[1] ?? '', child };
  };
  const cli = (
    master: string,
    previous: string,
    ...args: string[]
  ): Promise<{ code: unknown; out: string; err: string }> =>
    new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [built('cli'), ...args],
        { env: env(master, previous) },
        (_e, out, err) => resolve({ code: child.exitCode, out, err }),
      );
    });
  const post = async (url: string, path: string, body: Fields, headers: Fields = {}): Promise<Fields> => {
    const answer = await request(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as Fields;
  };

  const terms = { license_type: 'perpetual', license_model: 'standard' };
  let of: Fields;
  const issue = (url: string, email: string, key?: string): Promise<Fields> =>
    post(url, '/admin/licenses', { ...of, email, name: 'Ada' }, key === undefined ? {} : { 'idempotency-key': key });

  let license: Fields;
  let device: Fields;
  let serving: Awaited<ReturnType<typeof start>>;
  let asked = 0;
  const stopAsking = new AbortController();
  let asking: Promise<PromiseSettledResult<void>[]>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyledger-rotate-'));
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, max: 1 });
    const { url, child } = await start(before);
    const { id: product_id } = await post(url, '/admin/products', { name: 'S', slug: 's', type: 'desktop' });
    const { id: plan_id } = await post(url, '/admin/plans', { product_id, name: 'P', slug: 'p', ...terms });
    of = { product_id, plan_id };
    license = await issue(url, 'ada@example.com', 'once');
    for (let n = 0; n < PEOPLE; n += 100)
      await Promise.all(Array.from({ length: 100 }, (_, at) => issue(url, `p${n + at}@example.com`)));
    device = { license_key: license['license_key'], identifier: 'device' };
    await post(url, '/license/activate', device);
    await stop(child);
  });
  beforeAll(async () => {
    serving = await start(after, before);
    const ask = async (): Promise<void> => {
      while (!stopAsking.signal.aborted) {
        expect(await post(serving.url, '/license/verify', device)).toMatchObject({ code: 'VALID' });
        await issue(serving.url, `during${asked++}@example.com`);
        expect(await issue(serving.url, 'ada@example.com', 'once')).toEqual(license);
        // The server must keep serving, and the rotation must not block it.
        await sleep(20);
      }
    };
    asking = Promise.allSettled([ask()]);
  });
  afterAll(async () => {
    stopAsking.abort();
    await asking;
    await stop(serving.child);
    await pool.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('stops where it is killed', async () => {
    const rotate = spawn(process.execPath, [built('cli'), 'keys', 'rotate-master'], { env: env(after, before) });
    const killed = new Promise((resolve) => rotate.once('exit', (_code, signal) => resolve(signal)));
    createInterface({ input: rotate.stderr }).on('line', (line) => {
      if (/^licensing: person_keys [1-9]/.test(line)) rotate.kill('SIGKILL');
    });
    expect(await killed).toBe('SIGKILL');
    const halfway = JSON.parse((await cli(after, before, 'keys', 'status')).out) as {
      services: Record<string, { behind: Record<string, number> }>;
    };
    expect(halfway.services['licensing']?.behind['person_keys']).toBeGreaterThan(0);
  });

  it('continues from there, and encrypts everything with the new key while the server runs', async () => {
    const { code, err } = await cli(after, before, 'keys', 'rotate-master');
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringMatching(/licensing: person_keys \d+ of \d+/) });
    stopAsking.abort();
    expect(await asking).toMatchObject([{ status: 'fulfilled' }]);
    expect(asked).toBeGreaterThan(0);

    const { out } = await cli(after, '', 'keys', 'status');
    const status = JSON.parse(out) as {
      master_key: string;
      services: Record<string, { keys: { wrapped_under: string }[]; behind: Record<string, number> }>;
    };
    for (const { keys, behind } of Object.values(status.services)) {
      expect(new Set(keys.map(({ wrapped_under }) => wrapped_under))).toEqual(new Set([status.master_key]));
      expect(Object.values(behind).every((rows) => rows === 0)).toBe(true);
    }
    await stop(serving.child);
  });

  it('makes the old key useless, and changes nothing else', async () => {
    await expect(start(before)).rejects.toThrow('ended with 1');
    const fresh = await start(after);
    try {
      const path = `/admin/licenses/${String(license['id'])}`;
      expect(await post(fresh.url, `${path}/reveal-key`, {})).toEqual({ license_key: license['license_key'] });
      expect(await issue(fresh.url, 'ada@example.com', 'once')).toEqual(license);
      expect(await post(fresh.url, '/license/verify', device)).toMatchObject({ code: 'VALID' });
      // The person is unchanged: the ids of people do not depend on the key.
      expect((await issue(fresh.url, 'ada@example.com'))['customer_id']).toBe(license['customer_id']);
      const { rows } = await pool.query<{ names: string }>(
        `select count(*) as names from licensing.licenses where name = 'Ada'`,
      );
      expect(Number(rows[0]?.names)).toBeGreaterThan(PEOPLE);
    } finally {
      await stop(fresh.child);
    }
  });
});
