import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { request } from 'undici';
import { eventually } from '../support/app.ts';
import { startAndWaitFor, stop } from '../support/children.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';

const MAIN = fileURLToPath(new URL('../../dist/apps/keyledger/src/main.js', import.meta.url));

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Two processes on one database, one of which is killed while everybody wants a seat. */
describe('seats in several instances', () => {
  const key = `kl_${randomBytes(32).toString('hex')}`;
  const master = randomBytes(32).toString('base64');
  const running: Running[] = [];
  let folder: string;
  let database: TestDatabase;
  let pool: pg.Pool;
  let smtp: TestSmtp;

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
        KEYLEDGER_SMTP_URL: smtp.url,
      },
    );
    const instance = { url: match[1] ?? '', child };
    running.push(instance);
    return instance;
  };

  const post = async ({ url }: Running, path: string, body: unknown): Promise<[number, Record<string, unknown>]> => {
    const answer = await request(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return [answer.statusCode, (await answer.body.json()) as Record<string, unknown>];
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyledger-seats-'));
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, max: 2 });
    smtp = await startSmtp();
  });
  afterAll(async () => {
    await Promise.all(running.map(({ child }) => stop(child)));
    await smtp.close();
    await pool.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('five seats are five for two hundred, with their mails, whoever is killed meanwhile', async () => {
    const [one, other] = [await start(), await start()];
    const make = async (path: string, body: unknown): Promise<string> => {
      const [status, made] = await post(one, path, body);
      if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(made)}`);
      return String(made['id']);
    };
    const product_id = await make('/admin/products', { name: 'Studio', slug: 'studio', type: 'saas' });
    const shape = { license_type: 'perpetual', license_model: 'standard', max_seats: 5 };
    const plan_id = await make('/admin/plans', { product_id, name: 'Team', slug: 'team', ...shape });
    const email = 'ada@example.com';
    const license_ids = await Promise.all(
      Array.from({ length: 4 }, () => make('/admin/licenses', { product_id, plan_id, email })),
    );
    let answered = 0;
    const asks = license_ids.flatMap((license_id, nth) =>
      Array.from({ length: 200 }, async (_, n) => {
        const body = { license_id, email: `person${n}-${nth}@example.com` };
        const status = await post(n % 2 === 0 ? one : other, '/portal/seats', body).then(
          ([code]) => code,
          () => 'killed',
        );
        // The first one leads: it sends the mails, and is killed in the midst of all this.
        if (++answered === 5) one.child.kill('SIGKILL');
        return status;
      }),
    );
    const statuses = await Promise.all(asks);
    expect(statuses.filter((status) => status === 'killed').length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set([201, 409, 'killed']));

    // Whatever was answered or not: once more is asked than there are seats, each licence has five.
    const third = await start();
    for (const license_id of license_ids) {
      const more = await Promise.all(
        Array.from({ length: 6 }, (_, n) =>
          post(third, '/portal/seats', { license_id, email: `more${n}@example.com` }),
        ),
      );
      expect(new Set(more.map(([status]) => status))).toContain(409);
    }
    const { rows } = await pool.query<{ id: string; seats: number }>(
      `select stream_id as id, count(*)::int as seats from licensing.events where type = 'seat.invited' group by 1`,
    );
    expect(rows.map(({ seats }) => seats)).toEqual([5, 5, 5, 5]);

    const { rows: invites } = await pool.query<{ id: string }>(
      `select data->>'invite_id' as id from licensing.events where type = 'seat.invited'`,
    );
    const messageIds = (): Set<string> =>
      new Set(smtp.received.map(({ headers }) => /^Message-ID: <([\w-]+)@/im.exec(headers)?.[1] ?? ''));
    await eventually(() => messageIds().size >= invites.length, 20_000);
    expect(messageIds()).toEqual(new Set(invites.map(({ id }) => id)));
    // One mail at most may have been on its way when its sender died.
    expect(smtp.received.length).toBeLessThanOrEqual(invites.length + 1);
  }, 60_000);
});
