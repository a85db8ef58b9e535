import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { startAndWaitFor, stop } from '../support/children.ts';

const MAIN = join(import.meta.dirname, '../../dist/apps/keyledger/src/main.js');
const CLI = join(import.meta.dirname, '../../dist/apps/keyledger/src/cli.js');

describe('npm start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-start-'));
  const data = join(folder, 'data');
  const running: Awaited<ReturnType<typeof startAndWaitFor>>[] = [];
  let key = '';

  const env = { ...process.env, PORT: '0', KEYLEDGER_DATA: data, KEYLEDGER_LOG_LEVEL: 'warn', NODE_OPTIONS: '' };
  const start = async () => {
    const started = await startAndWaitFor([MAIN], /Next {8}/, env);
    running.push(started);
    const output = started.output.join('\n');
    return { ...started, output, url: /serves (\S+)/.exec(output)?.[1] ?? '' };
  };
  const get = (url: string, path: string): Promise<Response> =>
    fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } });
  const post = async (url: string, path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(201);
    return (await answer.json()) as Record<string, unknown>;
  };
  const sql = async (text: string): Promise<pg.QueryResult> => {
    const host = encodeURIComponent(join(data, 'postgres'));
    const client = new pg.Client({ connectionString: `postgresql://postgres@localhost/keyledger?host=${host}` });
    await client.connect();
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  };
  const postmaster = (): number =>
    Number(readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);

  afterAll(async () => {
    for (const { child } of running) await stop(child);
    rmSync(folder, { recursive: true, force: true });
  });

  it('prints address, data folder and, on first boot, an admin key that works', async () => {
    const first = await start();
    expect(first.output).toContain(data);
    key = /Admin key +(kl_\S+)/.exec(first.output)?.[1] ?? '';
    expect((await get(first.url, '/admin/products')).status).toBe(200);
    await post(first.url, '/admin/products', { name: 'Kept', slug: 'kept', type: 'desktop' });
    await stop(first.child, 'SIGINT');
    expect(first.child.exitCode).toBe(0);
    expect(existsSync(join(data, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  it('continues with the same data, and does not show the key again', async () => {
    const second = await start();
    expect(second.output).not.toContain('Admin key');
    expect(await (await get(second.url, '/admin/products')).json()).toMatchObject({ data: [{ slug: 'kept' }] });
    await stop(second.child, 'SIGTERM');
    expect(second.child.exitCode).toBe(0);
  });

  it.each(['node', 'PostgreSQL', 'both'])(
    'recovers after kill -9 of %s in the middle of its work, with nothing lost',
    async (victim) => {
      const before = await start();
      let accepted = 0;
      const work = (async () => {
        for (;;) {
          await post(before.url, '/admin/products', {
            name: 'x',
            slug: `${victim.toLowerCase()}-${accepted}`,
            type: 'saas',
          });
          accepted += 1;
        }
      })().catch(() => undefined);
      while (accepted < 20) await new Promise((resolve) => setTimeout(resolve, 10));
      const server = postmaster();
      if (victim !== 'PostgreSQL') before.child.kill('SIGKILL');
      if (victim !== 'node') process.kill(server, 'SIGKILL');
      if (victim === 'PostgreSQL') await stop(before.child, 'SIGKILL');
      await work;
      const after = await start();
      const kept: unknown[] = [];
      for (let cursor = ''; ;) {
        const page = (await (
          await get(after.url, `/admin/products?limit=200&q=${victim.toLowerCase()}-${cursor}`)
        ).json()) as {
          data: unknown[];
          next_cursor: string | null;
        };
        kept.push(...page.data);
        if (page.next_cursor === null) break;
        cursor = `&cursor=${page.next_cursor}`;
      }
      // The last change may have been stored although its answer was lost.
      expect([accepted, accepted + 1]).toContain(kept.length);
      await stop(after.child, 'SIGTERM');
    },
  );

  it('does not share its data folder', async () => {
    const one = await start();
    await expect(startAndWaitFor([MAIN], /Next {8}/, env)).rejects.toThrow(/ended with 1/);
    expect((await get(one.url, '/admin/products')).status).toBe(200);
    await stop(one.child, 'SIGTERM');
  });

  it('rebuilds a projection from the command line, also while it runs', async () => {
    const cli = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)(process.execPath, [CLI, ...args], { env })).stdout;
    expect(await cli('projections', 'list')).toContain('"licenses"');
    const own = ['products', '--service', 'licensing'];
    await expect(cli('projections', 'rebuild', 'products')).rejects.toThrow(
      /Several services have a projection products/,
    );
    expect(await cli('projections', 'rebuild', ...own)).toMatch(/Rebuilt products of licensing from \d+ events/);
    const live = await start();
    expect(await cli('projections', 'rebuild', ...own)).toMatch(/Rebuilt products/);
    expect((await get(live.url, '/admin/products?q=kept')).status).toBe(200);
    expect(await (await get(live.url, '/admin/products?q=kept')).json()).toMatchObject({ data: [{ slug: 'kept' }] });
    // Includes projections of other services' events, which no event of this service would repair.
    await sql('truncate webhooks.known_products, releases.products');
    expect(JSON.parse(await cli('projections', 'list'))).toContainEqual({
      service: 'webhooks',
      projection: 'known_products',
      of: ['licensing'],
      tables: ['known_products'],
      types: ['product.created'],
    });
    expect(await cli('projections', 'rebuild', 'known_products')).toMatch(
      /Rebuilt known_products of webhooks from [1-9]/,
    );
    expect(await cli('projections', 'rebuild', 'products', '--service', 'releases')).toMatch(/of releases from [1-9]/);
    for (const table of ['webhooks.known_products', 'releases.products']) {
      const missing = `select from licensing.products full join ${table} as heard using (id) where heard.id is null or products.id is null`;
      expect((await sql(missing)).rowCount).toBe(0);
    }
    expect(await cli('dead-letters', 'list')).toBe('');
    expect(await cli('dead-letters', 'replay', 'webhooks')).toContain('0 dead letters');
    await expect(cli('projections', 'rebuild', 'nothing')).rejects.toThrow(/There is no projection nothing/);
    await stop(live.child, 'SIGTERM');
  });
});
