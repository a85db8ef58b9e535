import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Merchant, openMerchant } from './merchant.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PACKAGE = join(ROOT, 'dist', 'libs', 'client');
const NOBLE = join(ROOT, 'node_modules', '@noble', 'ed25519');
const run = promisify(execFile);

/** Runs a program to its end. @returns its exit code and output */
const ended = async (file: string, args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number; out: string }> => {
  try {
    const { stdout, stderr } = await run(process.execPath, [file, ...args], { env });
    return { code: 0, out: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout + stderr };
  }
};

describe('the published package', () => {
  let folder: string;
  beforeAll(async () => {
    // A project outside this repository that installs the package from its tarball. The tarball of its
    // dependency replaces the registry.
    folder = await mkdtemp(join(tmpdir(), 'keyledger-package-'));
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, PACKAGE, NOBLE], { cwd: folder });
    const tarballs = (await readdir(folder)).map((file) => join(folder, file));
    await writeFile(join(folder, 'package.json'), '{ "private": true }');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('depends on one library, in the version that these tests use', async () => {
    const read = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const { dependencies } = await read(join(folder, 'node_modules', '@keyledger', 'client', 'package.json'));
    const { version } = await read(join(NOBLE, 'package.json'));
    expect(dependencies).toEqual({ '@noble/ed25519': version });
  });

  it('contains compiled code and declarations, no sources, and can be published', async () => {
    const installed = join(folder, 'node_modules', '@keyledger', 'client');
    const files = await readdir(installed, { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'src/index.js', 'src/index.d.ts', 'src/node/index.js']),
    );
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
    const manifest = await readFile(join(installed, 'package.json'), 'utf8');
    expect(manifest).not.toMatch(/"(private|source)":/);
  });

  it('has types that a strict program compiles against', async () => {
    const program = `
      import { LicenseClient, type Verdict, webStorage } from '@keyledger/client';
      import { fileStorage } from '@keyledger/client/node';
      const client = new LicenseClient({ url: 'https://x.example', product: 'prod_1', storage: fileStorage('x') });
      export const verdict: Verdict = await client.verify({ entitlements: ['export'] });
      export const storage = webStorage;
      // @ts-expect-error a quantity is a number
      await client.usage.record('export', '1');
    `;
    await writeFile(join(folder, 'program.mts'), program);
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom,esnext',
    ];
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [tsc, ...options, 'program.mts'], { cwd: folder }).catch((error: unknown) => {
      throw new Error((error as { stdout: string }).stdout);
    });
  });

  describe('in the example command-line program', () => {
    let merchant: Merchant;
    let example: string;
    beforeAll(async () => {
      merchant = await openMerchant();
      example = join(folder, 'example');
      await cp(join(ROOT, 'docs', 'examples', 'cli'), example, { recursive: true });
      await symlink(join(folder, 'node_modules'), join(example, 'node_modules'));
    });
    afterAll(() => merchant.close());

    it('activates, runs online and offline, and deactivates', async () => {
      const { id, key } = await merchant.license(await merchant.plan({ max_activations: 1 }));
      const cli = (...args: string[]) =>
        ended(join(example, 'acme-render.mjs'), args, {
          ...process.env,
          ACME_LICENSE_SERVER: merchant.url,
          ACME_PRODUCT: merchant.product,
          ACME_PUBLIC_KEY: merchant.pem,
          ACME_STATE: join(folder, 'state'),
        });
      expect(await cli('paint')).toMatchObject({ code: 64 });
      expect(await cli('render', 'a.scene')).toMatchObject({ code: 2, out: expect.stringContaining('NO_LICENSE_KEY') });
      expect(await cli('activate', 'ACME-WRONG')).toMatchObject({
        code: 2,
        out: expect.stringContaining('LICENSE_NOT_FOUND'),
      });
      expect(await cli('activate', key)).toMatchObject({ code: 0, out: expect.stringContaining('Licensed (online)') });
      await merchant.stop();
      expect(await cli('status')).toMatchObject({ code: 0, out: expect.stringContaining('Licensed (offline)') });
      expect(await cli('render', 'a.scene')).toMatchObject({
        code: 0,
        out: expect.stringContaining('Rendered a.scene.'),
      });
      expect(await cli('deactivate')).toMatchObject({ code: 2 });
      await merchant.start();
      await merchant.admin('POST', `/admin/licenses/${id}/suspend`, {});
      expect(await cli('status')).toMatchObject({ code: 2, out: expect.stringContaining('SUSPENDED') });
      await merchant.admin('POST', `/admin/licenses/${id}/reinstate`, {});
      expect(await cli('deactivate')).toMatchObject({ code: 0 });
      const { data } = await merchant.admin('GET', `/admin/licenses/${id}/activations`);
      expect(data).toEqual([]);
    });
  });
});
