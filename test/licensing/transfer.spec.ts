import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { eventually } from '../support/app.ts';
import { startAndWaitFor, stop } from '../support/children.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

const built = (name: string): string =>
  fileURLToPath(new URL(`../../dist/apps/keyledger/src/${name}.js`, import.meta.url));
const KEY = `kl_${'t'.repeat(64)}`;
const LINES = 6_000;

/** The command line and the server as processes, killed in the middle. */
describe('keyledger import and export', () => {
  let folder: string;
  let database: TestDatabase;
  let pool: pg.Pool;
  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    DATABASE_URL: database.url,
    KEYLEDGER_DATA: folder,
    KEYLEDGER_MASTER_KEY: Buffer.alloc(32, 5).toString('base64'),
    KEYLEDGER_BOOTSTRAP_API_KEY: KEY,
    KEYLEDGER_API_KEY: KEY,
    KEYLEDGER_RATE_LIMITS: 'off',
    KEYLEDGER_LOG_LEVEL: 'error',
  });
  const start = (port = '0') =>
    startAndWaitFor(['--disable-warning=TimeoutNegativeWarning', built('main')], /serves http:\/\/127\.0\.0\.1:(\d+)/, {
      ...env(),
      PORT: port,
    });
  const cli = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve) => {
      const child = execFile(process.execPath, [built('cli'), ...args], { env: env() }, (_error, out, err) =>
        resolve({ code: child.exitCode, out, err }),
      );
    });
  const issued = async (): Promise<number> =>
    (await pool.query<{ n: number }>('select count(*)::int as n from licensing.licenses')).rows[0]?.n ?? 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyledger-transfer-'));
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, max: 1 });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('goes on after kill -9 of the server and of the command, and makes each licence once', async () => {
    let server = await start();
    const port = server.match[1] ?? '';
    const url = `http://127.0.0.1:${port}`;
    const post = async (path: string, body: object): Promise<string> => {
      const answer = await fetch(`${url}/api/v1${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { id: string }).id;
    };
    const product_id = await post('/admin/products', { name: 'S', slug: 's', type: 'desktop' });
    const terms = { license_type: 'perpetual', license_model: 'standard' };
    const plan_id = await post('/admin/plans', { product_id, name: 'P', slug: 'p', ...terms });
    const file = join(folder, 'old.csv');
    const lines = Array.from({ length: LINES }, (_, n) => `x-${n},${product_id},${plan_id},u${n}@example.com`);
    await writeFile(
      file,
      ['external_id,product_id,plan_id,email', ...lines, `bad,${product_id},${plan_id},nobody`].join('\n'),
    );

    const watching = cli('import', 'licenses', file, '--url', url);
    await eventually(async () => (await issued()) > LINES / 10, 30_000);
    await stop(server.child, 'SIGKILL');
    expect(await issued()).toBeLessThan(LINES);
    server = await start(port);
    const { code, out, err } = await watching;
    expect({ code, out }).toEqual({ code: 2, out: `${LINES} issued, 0 known already, 1 refused.\n` });
    expect(err).toContain(`${LINES + 1} of ${LINES + 1}`);
    expect(await issued()).toBe(LINES);
    expect(await readFile(`${file}.refused.csv`, 'utf8')).toMatch(/^line,external_id,reason\n6002,bad,email/);

    const killed = spawn(process.execPath, [built('cli'), 'import', 'licenses', file, '--url', url], {
      env: env(),
      stdio: 'ignore',
    });
    await stop(killed, 'SIGKILL');
    const again = await cli('import', 'licenses', file, '--url', url);
    expect(again.out).toBe(`0 issued, ${LINES} known already, 1 refused.\n`);
    expect(await issued()).toBe(LINES);

    const exported = await cli(
      'export',
      'licenses',
      '--format',
      'ndjson',
      '-o',
      join(folder, 'all.ndjson'),
      '--url',
      url,
    );
    expect(exported).toMatchObject({ code: 0, out: '' });
    const all = (await readFile(join(folder, 'all.ndjson'), 'utf8')).trim().split('\n');
    expect(new Set(all.map((line) => (JSON.parse(line) as { email: string }).email)).size).toBe(LINES);
    expect(await cli('export', 'activations', '--url', url)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^id,license_id,product_id,identifier,/) as string,
    });
    expect(await cli('import', 'licenses', 'file.xlsx', '--url', url)).toMatchObject({ code: 1 });
    await stop(server.child);
  });
});
