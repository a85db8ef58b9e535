import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { ADMIN_KEY, startApp, type TestApp } from '../support/app.ts';
import { CLI } from '../support/instances.ts';

/** Runs the command line as a process against a server in this one. */
describe('keyledger grant', () => {
  let app: TestApp;
  let folder: string;
  let catalogue: string;

  const cli = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, KEYLEDGER_API_KEY: ADMIN_KEY, KEYLEDGER_PLAN_CATALOGUE: catalogue };
      const child = execFile(process.execPath, [CLI, ...args, '--url', app.url], { env }, (_error, out, err) =>
        resolve({ code: child.exitCode, out, err }),
      );
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyledger-grant-'));
    catalogue = join(folder, 'plans.json');
    const plan = { license_type: 'subscription', license_model: 'standard' };
    const plans = [
      { name: 'Pro', slug: 'pro', ...plan },
      { name: 'Team', slug: 'team', max_seats: 5, ...plan },
    ];
    const product = { name: 'Acme', slug: 'acme', type: 'saas', plans };
    await writeFile(catalogue, JSON.stringify({ products: [product] }));
    app = await startApp({ services: [gatewayService, licensingService, billingService] });
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  it('creates the plan from the catalogue, gives a subscription, and extends it', async () => {
    const grant = ['grant', '--user', 'ada@example.com', '--plan', 'pro', '--reason', 'beta'];
    const given = await cli(...grant, '--granted-by', 'support', '--json');
    expect(given).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(given.out)).toMatchObject({
      plan_slug: 'pro',
      user_id: 'ada@example.com',
      granted_by: 'support',
      extended: false,
    });
    expect(await cli(...grant, '--duration', 'P1M')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Extended: pro for ada@example\.com until \d{4}-/) as string,
    });
  });

  it('gives the grants of a file once, however often it is run, and reports those that are refused', async () => {
    const file = join(folder, 'users.csv');
    await writeFile(file, 'user,plan,duration\nbob,team,\neve,,P30D\nbad,,P0D\nbob,no-such-plan,\n');
    const grant = ['grant', '--file', file, '--plan', 'pro', '--reason', 'launch'];
    const first = await cli(...grant);
    expect(first).toMatchObject({ code: 2, out: '2 given, 0 extended, 0 known already, 2 refused.\n' });
    expect(first.err).toContain('4 of 4, 2 refused\n');
    expect(first.err).toContain('bad: 400 INVALID_DURATION');
    expect(first.err).toContain('bob: 404 PLAN_NOT_FOUND');
    const again = await cli(...grant, '--json');
    const lines = again.out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { user: 'bob', plan_slug: 'team', extended: false },
      { user: 'eve', plan_slug: 'pro', extended: false },
      { user: 'bad', code: 'INVALID_DURATION' },
      { user: 'bob', code: 'PLAN_NOT_FOUND' },
    ]);
  });

  it('refuses a bad catalogue before it gives anything', async () => {
    const bad = join(folder, 'bad.json');
    await writeFile(bad, '{"products":[{"slug":"x"}]}');
    expect(await cli('grant', '--user', 'ada', '--plan', 'pro', '--reason', 'x', '--catalogue', bad)).toMatchObject({
      code: 1,
      err: expect.stringContaining('/products/0/name is required') as string,
    });
  });

  it('exports what billing has', async () => {
    const file = join(folder, 'subscriptions.ndjson');
    expect(await cli('export', 'subscriptions', '--format', 'ndjson', '-o', file)).toMatchObject({ code: 0 });
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { subscriber: string }).subscriber)).toEqual(
      expect.arrayContaining(['ada@example.com', 'bob', 'eve']),
    );
    const csv = async (what: string): Promise<string> =>
      String((await app.call('GET', `/admin/${what}?format=csv`)).body);
    expect(await csv('customers')).toMatch(/^id,external_id,email,[^]*ada@example\.com/);
    expect(await csv('invoices')).toMatch(/^id,number,/);
    expect(await csv('payments')).toMatch(/^id,invoice_id,/);
  });
});
