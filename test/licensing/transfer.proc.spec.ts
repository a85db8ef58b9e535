import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/app.ts';
import { stop } from '../support/children.ts';
import { CLI, type InstanceOfSeveral, type Instances, prepareInstances } from '../support/instances.ts';

const LINES = 6_000;

/** Runs the command line and the server as processes and kills them. Each test continues from the one before. */
describe('keyledger import and export', () => {
  let folder: string;
  let file: string;
  let instances: Instances;
  let server: InstanceOfSeveral;

  const issued = async (): Promise<number> => {
    const { rows } = await instances.pool.query<{ n: number }>('select count(*)::int as n from licensing.licenses');
    return rows[0]?.n ?? 0;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyledger-transfer-'));
    instances = await prepareInstances();
    server = await instances.start();
    const product = await server.post('/admin/products', { name: 'S', slug: 's', type: 'desktop' });
    const product_id = String(product['id']);
    const terms = { license_type: 'perpetual', license_model: 'standard' };
    const plan = await server.post('/admin/plans', { product_id, name: 'P', slug: 'p', ...terms });
    const plan_id = String(plan['id']);
    file = join(folder, 'old.csv');
    const lines = Array.from({ length: LINES }, (_, n) => `x-${n},${product_id},${plan_id},u${n}@example.com`);
    await writeFile(
      file,
      ['external_id,product_id,plan_id,email', ...lines, `bad,${product_id},${plan_id},nobody`].join('\n'),
    );
  });
  afterAll(async () => {
    await instances.close();
    await rm(folder, { recursive: true });
  });

  it('continues after kill -9 of the server, and issues each license once', async () => {
    const { cli } = instances;
    const { url } = server;
    const watching = cli('import', 'licenses', file, '--url', url);
    await eventually(async () => (await issued()) > LINES / 10);
    await stop(server.child, 'SIGKILL');
    expect(await issued()).toBeLessThan(LINES);
    server = await instances.start(new URL(url).port);
    const { code, out, err } = await watching;
    expect({ code, out }).toEqual({ code: 2, out: `${LINES} issued, 0 known already, 1 refused.\n` });
    expect(err).toContain(`${LINES + 1} of ${LINES + 1}`);
    expect(await issued()).toBe(LINES);
    expect(await readFile(`${file}.refused.csv`, 'utf8')).toMatch(/^line,external_id,reason\n6002,bad,email/);
  });

  it('continues after kill -9 of the command, and issues no license twice', async () => {
    const { cli } = instances;
    const { url } = server;
    const killed = spawn(process.execPath, [CLI, 'import', 'licenses', file, '--url', url], {
      env: { ...process.env, KEYLEDGER_API_KEY: instances.key },
      stdio: 'ignore',
    });
    await stop(killed, 'SIGKILL');
    const again = await cli('import', 'licenses', file, '--url', url);
    expect(again.out).toBe(`0 issued, ${LINES} known already, 1 refused.\n`);
    expect(await issued()).toBe(LINES);
  });

  it('exports everything to a file or to standard output, and refuses to import unknown formats', async () => {
    const { cli } = instances;
    const { url } = server;
    const all = join(folder, 'all.ndjson');
    const exported = await cli('export', 'licenses', '--format', 'ndjson', '-o', all, '--url', url);
    expect(exported).toMatchObject({ code: 0, out: '' });
    const written = (await readFile(all, 'utf8')).trim().split('\n');
    expect(new Set(written.map((line) => (JSON.parse(line) as { email: string }).email)).size).toBe(LINES);
    expect(await cli('export', 'activations', '--url', `${url}/`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^id,license_id,product_id,identifier,/) as string,
    });
    expect(await cli('import', 'licenses', 'file.xlsx', '--url', url)).toMatchObject({ code: 1 });
    expect(await cli('import', 'licenses', all, '--url', url)).toMatchObject({
      code: 0,
      out: `0 issued, ${LINES} known already, 0 refused.\n`,
    });
  });

  it('reads a file in the given charset, and refuses one that is not valid in it', async () => {
    const { cli } = instances;
    const { url } = server;
    const heading = 'external_id,product_id,plan_id,email,name';
    const [, first = ''] = (await readFile(file, 'utf8')).split('\n');
    const row = first.replace('x-0', 'jörg').replace('u0@', 'jorg@');
    const latin = join(folder, 'latin.csv');
    await writeFile(latin, `${heading}\n${row},Jörg\n`, 'latin1');
    const refused = await cli('import', 'licenses', latin, '--url', url);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('Line 2 is not valid utf-8');
    const unknown = await cli('import', 'licenses', latin, '--charset', 'utf-7', '--url', url);
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('utf-7') as string });
    const taken = await cli('import', 'licenses', latin, '--charset', 'windows-1252', '--url', url);
    expect(taken).toMatchObject({ code: 0, out: '1 issued, 0 known already, 0 refused.\n' });
    const { rows } = await instances.pool.query('select name from licensing.licenses where email = $1', [
      'jorg@example.com',
    ]);
    expect(rows).toEqual([{ name: 'Jörg' }]);
  });

  it('reads an API key from a secret file with a line break, and refuses a blank key', async () => {
    const { cli, key } = instances;
    const exported = ['export', 'activations', '--url', server.url, '--key'] as const;
    expect(await cli(...exported, `\ufeff${key}\r\n`)).toMatchObject({ code: 0 });
    expect(await cli(...exported, '\n')).toMatchObject({
      code: 1,
      err: expect.stringContaining('KEYLEDGER_API_KEY') as string,
    });
  });
});
