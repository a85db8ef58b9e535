import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Merchant, openMerchant } from './merchant.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PACKAGE = join(ROOT, 'dist', 'libs', 'client');
const NOBLE = join(ROOT, 'node_modules', '@noble', 'ed25519');
const run = promisify(execFile);

/** Runs a program. @returns how it ended, whatever that was */
const ended = async (file: string, args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number; out: string }> => {
  try {
    const { stdout, stderr } = await run(process.execPath, [file, ...args], { env });
    return { code: 0, out: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout + stderr };
  }
};

describe('the package as it is published', () => {
  let folder: string;
  beforeAll(async () => {
    // A project that has installed it: a copy, so that nothing of ours is found by way of its real place.
    folder = await mkdtemp(join(tmpdir(), 'keyledger-package-'));
    await mkdir(join(folder, 'node_modules', '@keyledger'), { recursive: true });
    await mkdir(join(folder, 'node_modules', '@noble'));
    await cp(PACKAGE, join(folder, 'node_modules', '@keyledger', 'client'), { recursive: true });
    await cp(NOBLE, join(folder, 'node_modules', '@noble', 'ed25519'), { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('depends on one library, of the version that is tested here', async () => {
    const read = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const { dependencies } = await read(join(PACKAGE, 'package.json'));
    const { version } = await read(join(NOBLE, 'package.json'));
    expect(dependencies).toEqual({ '@noble/ed25519': version });
  });

  it('is typed for a program that is compiled strictly', async () => {
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

  describe('in the command-line example of the guide', () => {
    let merchant: Merchant;
    let example: string;
    beforeAll(async () => {
      merchant = await openMerchant();
      example = join(folder, 'example');
      await cp(join(ROOT, 'docs', 'examples', 'cli'), example, { recursive: true });
      await symlink(join(folder, 'node_modules'), join(example, 'node_modules'));
    });
    afterAll(() => merchant.close());

    it('activates, works online and off, and gives the device back', async () => {
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
