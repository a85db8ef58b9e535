import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { request } from 'undici';
import { eventually } from '../support/app.ts';
import { startAndWaitFor, stop } from '../support/children.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

type Fields = Record<string, unknown>;

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
}

const built = (name: string): string =>
  fileURLToPath(new URL(`../../dist/apps/keyledger/src/${name}.js`, import.meta.url));
const CALLERS = 200;

/** Two Keyledgers, each a process of its own, on one database; one of them is killed in the middle. */
describe('usage through several instances', () => {
  const key = `kl_${randomBytes(32).toString('hex')}`;
  const master = randomBytes(32).toString('base64');
  let running: Running[] = [];
  let folder: string;
  let database: TestDatabase;
  let pool: pg.Pool;
  let product: unknown;
  let plans = 0;

  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    PORT: '0',
    DATABASE_URL: database.url,
    KEYLEDGER_DATA: folder,
    KEYLEDGER_MASTER_KEY: master,
    KEYLEDGER_BOOTSTRAP_API_KEY: key,
    KEYLEDGER_API_KEY: key,
    KEYLEDGER_RATE_LIMITS: 'off',
    KEYLEDGER_LOG_LEVEL: 'error',
  });
  const start = async (): Promise<void> => {
    const serves = /serves (http:\/\/127\.0\.0\.1:\d+)/;
    const { child, match } = await startAndWaitFor(
      ['--disable-warning=TimeoutNegativeWarning', built('main')],
      serves,
      env(),
    );
    running.push({ url: match[1] ?? '', child });
  };
  const kill = async (n: number): Promise<void> => {
    const [one] = running.splice(n, 1);
    if (one !== undefined) await stop(one.child, 'SIGKILL');
  };

  const post = async (url: string, path: string, body: Fields): Promise<{ status: number; body: Fields }> => {
    const answer = await request(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Fields };
  };
  /** Through one of those that run; undefined where the answer was lost. */
  const attempt = async (n: number, path: string, body: Fields) => {
    const url = running[n % running.length]?.url ?? '';
    try {
      return await post(url, path, body);
    } catch {
      return undefined;
    }
  };
  const made = async (path: string, body: Fields): Promise<Fields> => {
    const reply = await post(running[0]?.url ?? '', path, body);
    if (reply.status >= 300) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  const issue = async (value: number | null): Promise<string> => {
    const slug = `plan-${++plans}`;
    const shape = { product_id: product, name: slug, slug, license_type: 'perpetual', license_model: 'standard' };
    const { id } = await made('/admin/plans', shape);
    await made(`/admin/plans/${String(id)}/entitlements`, { feature: 'calls', value_type: 'quota', value });
    const license = { product_id: product, plan_id: id, email: `${slug}@example.com` };
    return String((await made('/admin/licenses', license))['id']);
  };
  const counted = async (license_id: string): Promise<{ records: number; quantity: number; exceeded: number }> => {
    const { rows } = await pool.query<{ records: number; quantity: number; exceeded: number }>(
      `select count(*) filter (where type = 'usage.recorded')::int as records,
         coalesce(sum((data->>'quantity')::int), 0)::int as quantity,
         count(*) filter (where type = 'quota.exceeded')::int as exceeded
       from licensing.events where stream_id = $1`,
      [`${license_id}/usage/calls`],
    );
    return rows[0] ?? { records: 0, quantity: 0, exceeded: 0 };
  };
  const used = async (license_id: string): Promise<number> => {
    const { rows } = await pool.query<{ used: string }>(
      'select used from licensing.usage_counters where license_id = $1',
      [license_id],
    );
    return Number(rows[0]?.used);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyledger-usage-'));
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, max: 2 });
    await start();
    product = (await made('/admin/products', { name: 'Cloud', slug: 'cloud', type: 'saas' }))['id'];
    await start();
  });
  afterAll(async () => {
    await Promise.all(running.map(({ child }) => stop(child)));
    running = [];
    await pool.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('is exactly the limit, whichever is killed while two hundred ask', async () => {
    const limit = 1_500;
    const license_id = await issue(limit);
    let accepted = 0;
    const caller = async (n: number): Promise<void> => {
      for (let turn = n; ; turn++) {
        const reply = await attempt(turn, '/license/usage', { license_id, feature: 'calls', quantity: 1 + (n % 3) });
        if (reply?.status === 200) accepted += 1 + (n % 3);
        else if (reply?.status === 429 && Number(reply.body['remaining']) === 0) return;
        else if (reply !== undefined && ![429, 503].includes(reply.status))
          throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`);
        else if (reply?.status === 429 && n % 3 !== 0) return;
      }
    };
    const callers = Promise.all(Array.from({ length: CALLERS }, (_, n) => caller(n)));
    await eventually(() => accepted > limit / 3);
    await kill(0);
    await start();
    await callers;
    const log = await counted(license_id);
    expect(log).toMatchObject({ quantity: limit, exceeded: 1 });
    expect(await used(license_id)).toBe(limit);
    // Answers may be lost on the way; what was answered is there.
    expect(accepted).toBeLessThanOrEqual(limit);
    expect(accepted).toBeGreaterThan(limit - 3 * CALLERS);
  });

  it('in batches is counted once, however often answers are lost and it is sent again', async () => {
    const license_id = await issue(null);
    const batches = 40;
    let done = 0;
    const sender = async (n: number): Promise<void> => {
      const records = Array.from({ length: 50 }, (_, i) => ({
        // Neighbours send the same records at the same time.
        idempotency_key: `record-${Math.floor(n / 2)}-${i}`,
        feature: 'calls',
        quantity: 2,
      }));
      for (let turn = n; ; turn++) {
        const reply = await attempt(turn, '/license/usage/batch', { license_id, records });
        if (reply?.status !== 200) continue;
        for (const result of reply.body['results'] as Fields[]) expect(result).toMatchObject({ accepted: true });
        done += 1;
        return;
      }
    };
    const senders = Promise.all(Array.from({ length: batches }, (_, n) => sender(n)));
    await eventually(() => done > batches / 10);
    await kill(0);
    await start();
    await senders;
    const records = (batches / 2) * 50;
    expect(await counted(license_id)).toEqual({ records, quantity: 2 * records, exceeded: 0 });
    expect(await used(license_id)).toBe(2 * records);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [built('cli'), 'export', 'usage', '--format', 'ndjson', '--url', running[0]?.url ?? ''],
      { env: env(), maxBuffer: 2 ** 26 },
    );
    const exported = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Fields)
      .filter((record) => record['license_id'] === license_id);
    expect(new Set(exported.map((record) => record['idempotency_key'])).size).toBe(records);
  });

  it('ends with the commit that revokes the licence, through whichever instance', async () => {
    for (let round = 0; round < 5; round++) {
      const license_id = await issue(null);
      let revoked = false;
      const late: unknown[] = [];
      const caller = async (n: number): Promise<void> => {
        for (;;) {
          const isLate = revoked;
          const reply = await attempt(n, '/license/usage', { license_id, feature: 'calls', quantity: 1 });
          if (isLate && reply?.status === 200) late.push(reply.body);
          if (reply?.status === 409) return;
        }
      };
      const callers = Promise.all(Array.from({ length: 30 }, (_, n) => caller(n)));
      await eventually(async () => (await counted(license_id)).records > 30);
      await made(`/admin/licenses/${license_id}/revoke`, {});
      revoked = true;
      await callers;
      const { rows } = await pool.query<{ late: number }>(
        `select count(*)::int as late from licensing.events where stream_id = $1 and type = 'usage.recorded' and position >
           (select position from licensing.events where stream_id = $2 and type = 'license.revoked')`,
        [`${license_id}/usage/calls`, license_id],
      );
      expect({ late, rows }).toEqual({ late: [], rows: [{ late: 0 }] });
    }
  });
});
