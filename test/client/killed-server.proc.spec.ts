import { type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LicenseClient, memoryStorage } from '@keyledger/client';
import { startAndWaitFor, stop } from '../support/children.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'keyledger', 'src', 'main.js');
const KEY = 'kl_test_admin_key_0123456789';

describe('a program whose server is killed', () => {
  let folder: string;
  let server: ChildProcess;
  let url: string;

  /** Starts the server like `npm start`, on the data of the one before. */
  const start = async (port: string): Promise<void> => {
    const { child, match } = await startAndWaitFor([MAIN], /serves (http:\/\/127\.0\.0\.1:\d+)/, {
      ...process.env,
      PORT: port,
      KEYLEDGER_DATA: folder,
      KEYLEDGER_BOOTSTRAP_API_KEY: KEY,
      KEYLEDGER_LOG_LEVEL: 'warn',
    });
    [server, url] = [child, match[1] ?? ''];
  };
  const create = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(201);
    return (await answer.json()) as Record<string, unknown>;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyledger-killed-'));
    await start('0');
  });
  afterAll(async () => {
    await stop(server);
    await rm(folder, { recursive: true });
  });

  it('runs offline, and online again after a restart', async () => {
    const product = await create('/admin/products', { name: 'Studio', slug: 'studio', type: 'desktop' });
    const of = { product_id: product['id'] };
    const terms = { name: 'Pro', slug: 'pro', license_type: 'perpetual', license_model: 'standard' };
    const plan = await create('/admin/plans', { ...of, ...terms });
    const license = await create('/admin/licenses', { ...of, plan_id: plan['id'], email: 'ada@example.com' });
    const publicKeys = [await (await fetch(`${url}/.well-known/keyledger.pem`)).text()];
    const storage = memoryStorage();
    const open = () =>
      new LicenseClient({ url, product: String(product['id']), publicKeys, storage, timeoutMs: 20_000 });

    expect(await open().activate(String(license['license_key']))).toMatchObject({ valid: true, mode: 'online' });
    await stop(server, 'SIGKILL');
    expect(await open().verify()).toMatchObject({ valid: true, mode: 'offline', offline: { cause: 'unreachable' } });
    await start(new URL(url).port);
    expect(await open().verify()).toMatchObject({ valid: true, mode: 'online', license: { id: license['id'] } });
  });
});
