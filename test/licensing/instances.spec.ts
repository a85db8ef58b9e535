import { randomBytes } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { request } from 'undici';
import { eventually } from '../support/app.ts';
import { startAndWaitFor, stop } from '../support/children.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

const MAIN = fileURLToPath(new URL('../../dist/apps/keyledger/src/main.js', import.meta.url));

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Several Keyledgers, each a process of its own, on one database. */
describe('licensing in several instances', () => {
  const key = `kl_${randomBytes(32).toString('hex')}`;
  const master = randomBytes(32).toString('base64');
  const running: Running[] = [];
  let folder: string;
  let database: TestDatabase;
  let pool: pg.Pool;
  let product: string;

  const start = async (): Promise<Running> => {
    const { child, match } = await startAndWaitFor(
      ['--disable-warning=TimeoutNegativeWarning', MAIN],
      /serves (http:\/\/127\.0\.0\.1:\d+)/,
      {
        ...process.env,
        PORT: '0',
        DATABASE_URL: database.url,
        KEYLEDGER_DATA: folder,
        KEYLEDGER_MASTER_KEY: master,
        KEYLEDGER_BOOTSTRAP_API_KEY: key,
        KEYLEDGER_RATE_LIMITS: 'off',
        KEYLEDGER_LOG_LEVEL: 'error',
      },
    );
    const instance = { url: match[1] ?? '', child };
    running.push(instance);
    return instance;
  };

  const post = async (
    { url }: Running,
    path: string,
    body: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> => {
    const answer = await request(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  };

  let plans = 0;
  const plan = async (through: Running, over: Record<string, unknown>): Promise<unknown> => {
    const slug = `plan-${++plans}`;
    const shape = { product_id: product, name: slug, slug, license_type: 'perpetual', license_model: 'standard' };
    return (await post(through, '/admin/plans', { ...shape, ...over }))['id'];
  };
  /** Licences whose terms end one after the other within `spread` milliseconds, the first in a second. */
  const issue = (through: Running, plan_id: unknown, count: number, spread: number): Promise<unknown[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const valid_until = new Date(Date.now() + 1000 + (spread * n) / count).toISOString();
        const email = `${String(plan_id)}-${n}@example.com`;
        const { id } = await post(through, '/admin/licenses', { product_id: product, plan_id, email, valid_until });
        return id;
      }),
    );
  const told = async (type: string, licenses: readonly unknown[]): Promise<{ events: number; of: number }> => {
    const { rows } = await pool.query<{ events: number; of: number }>(
      `select count(*)::int as events, count(distinct stream_id)::int as of
       from licensing.events where type = $1 and stream_id = any($2)`,
      [type, licenses],
    );
    return rows[0] ?? { events: 0, of: 0 };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyledger-instances-'));
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, max: 2 });
    const first = await start();
    product = String((await post(first, '/admin/products', { name: 'Studio', slug: 'studio', type: 'desktop' }))['id']);
  });
  afterAll(async () => {
    await Promise.all(running.map(({ child }) => stop(child)));
    await pool.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('ends each term once, whichever of them is killed meanwhile, and also what ended while none ran', async () => {
    const [first] = running as [Running];
    const second = await start();
    const strict = await plan(first, { grace_days: 0 });
    const graceful = await plan(first, { grace_days: 7 });
    const trial = await plan(first, { license_type: 'trial', trial_days: 14, grace_days: 0 });
    const expiring = await issue(first, strict, 120, 3000);
    const [lenient, trying] = await Promise.all([issue(first, graceful, 60, 3000), issue(second, trial, 60, 3000)]);
    await eventually(async () => (await told('license.expired', expiring)).of > 10);
    // It came first, so it is the one that lets time pass.
    await stop(first.child, 'SIGKILL');
    await eventually(async () => (await told('license.expired', expiring)).of === 120, 20_000);
    await eventually(async () => (await told('license.past_due', lenient)).of === 60);
    await eventually(async () => (await told('license.expired', trying)).of === 60);

    const late = await issue(second, strict, 20, 500);
    await stop(second.child, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1600));
    expect(await told('license.expired', late)).toEqual({ events: 0, of: 0 });
    await Promise.all([start(), start()]);
    await eventually(async () => (await told('license.expired', late)).of === 20);

    expect(await told('license.expired', [...expiring, ...trying, ...late])).toEqual({ events: 200, of: 200 });
    expect(await told('license.past_due', lenient)).toEqual({ events: 60, of: 60 });
    expect(await told('license.expired', lenient)).toEqual({ events: 0, of: 0 });
  });

  it('sees within a second what was done through another', async () => {
    const [one, other] = [await start(), await start()];
    const plan_id = await plan(one, { grace_days: 0 });
    const license = await post(one, '/admin/licenses', { product_id: product, plan_id, email: 'seen@example.com' });
    const device = { license_key: license['license_key'], identifier: 'device' };
    await post(one, '/license/activate', device);
    // Both have it in memory.
    for (const instance of [one, other])
      expect(await post(instance, '/license/verify', device)).toMatchObject({ code: 'VALID' });
    for (const [action, code] of [
      ['suspend', 'SUSPENDED'],
      ['reinstate', 'VALID'],
      ['revoke', 'REVOKED'],
    ] as const) {
      await post(one, `/admin/licenses/${String(license['id'])}/${action}`);
      expect(await post(one, '/license/verify', device)).toMatchObject({ code });
      await eventually(async () => (await post(other, '/license/verify', device))['code'] === code, 1000);
    }
  });
});
