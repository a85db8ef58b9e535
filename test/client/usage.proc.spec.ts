import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LicenseClient, type LicenseClientOptions, memoryStorage, type Usage } from '@keyledger/client';
import { fileStorage } from '@keyledger/client/node';
import { eventually } from '../support/app.ts';
import { startAndWaitFor, stop } from '../support/children.ts';
import { type FakeServer, startFakeServer } from './fake-server.ts';
import { DEVICE, PRODUCT } from './signer.ts';

describe('usage', () => {
  let server: FakeServer;
  beforeEach(async () => {
    server = await startFakeServer();
  });
  afterEach(() => server.close());

  const open = (options: Partial<LicenseClientOptions> = {}): LicenseClient =>
    new LicenseClient({
      url: server.url,
      product: PRODUCT,
      publicKeys: [server.signer.pem],
      identifier: DEVICE,
      licenseKey: 'ACME-1',
      storage: memoryStorage(),
      timeoutMs: 20_000,
      ...options,
    });
  const total = (): number => [...server.counted.values()].reduce((sum, { quantity }) => sum + quantity, 0);

  it('is sent in the background, several records in one call', async () => {
    const client = open();
    for (let n = 0; n < 20; n++) await client.usage.record('export', 2, { metadata: { n } });
    await eventually(() => server.counted.size === 20);
    expect(total()).toBe(40);
    expect(server.calls).toHaveLength(1);
    expect(await client.usage.flush()).toMatchObject({ sent: 0, pending: 0, code: 'OK' });
  });

  it('is sent in the background on time when the clock of its device is set back', async () => {
    let deviation = 0;
    const client = open({ now: () => Date.now() + deviation });
    await client.usage.record('export');
    deviation = -3_600_000;
    await eventually(() => server.counted.size === 1);
  });

  it('waits while the server cannot be reached, and is counted once', async () => {
    const storage = memoryStorage();
    server.fail = (response) => {
      response.destroy();
      return true;
    };
    const client = open({ storage });
    for (let n = 0; n < 3; n++) await client.usage.record('export');
    expect(await client.usage.flush()).toMatchObject({ sent: 0, pending: 3, code: 'OFFLINE' });
    await client.close();
    server.fail = undefined;
    const next = open({ storage });
    expect(await next.usage.flush()).toMatchObject({ sent: 3, pending: 0, code: 'OK' });
    expect(total()).toBe(3);
  });

  it('is counted once when answers are lost and two processes send the same records', async () => {
    const storage = memoryStorage();
    const clients = [open({ storage }), open({ storage })];
    server.losing = 0.5;
    await Promise.all(clients.flatMap((client) => Array.from({ length: 50 }, () => client.usage.record('export'))));
    await eventually(async () => {
      const rounds = await Promise.all(clients.map((client) => client.usage.flush()));
      return rounds.every(({ pending }) => pending === 0);
    });
    expect(total()).toBe(100);
  });

  it('is sent in the background when the server is back', async () => {
    server.fail = (response) => {
      response.writeHead(503, { 'retry-after': '1' }).end();
      return true;
    };
    const client = open();
    await client.usage.record('export');
    expect(await client.usage.flush()).toMatchObject({ pending: 1, code: 'OFFLINE', retryAfterMs: 1_000 });
    server.fail = undefined;
    await eventually(() => server.counted.size === 1);
  });

  it('that is refused for good is reported and deleted; the rest is counted', async () => {
    const refused: [Usage, string][] = [];
    server.quota = 2;
    const client = open({ onUsageRefused: (usage, code) => refused.push([usage, code]) });
    for (let n = 1; n <= 3; n++) await client.usage.record('export', n);
    expect(await client.usage.flush()).toMatchObject({ sent: 2, refused: 1, pending: 0 });
    expect(refused).toEqual([[expect.objectContaining({ feature: 'export', quantity: 3 }), 'QUOTA_EXCEEDED']]);
  });

  it('that is invalid does not block other records', async () => {
    const refused: number[] = [];
    const client = open({ onUsageRefused: ({ quantity }) => refused.push(quantity) });
    for (let n = 1; n <= 9; n++) await client.usage.record('export', n);
    server.refuse = ({ records }) =>
      (records as Usage[]).some(({ quantity }) => quantity === 5)
        ? server.problem(400, 'VALIDATION_FAILED')
        : undefined;
    expect(await client.usage.flush()).toMatchObject({ sent: 8, refused: 1, pending: 0, code: 'OK' });
    expect(refused).toEqual([5]);
  });

  it('of a suspended license waits, and does not block other licenses', async () => {
    const storage = memoryStorage();
    await open({ storage, licenseKey: 'ACME-1' }).usage.record('export');
    const client = open({ storage, licenseKey: 'ACME-2' });
    await client.usage.record('export');
    // The client sends keys in their normal form, without dashes.
    server.refuse = (body) => (body['license_key'] === 'ACME1' ? server.problem(409, 'LICENSE_SUSPENDED') : undefined);
    expect(await client.usage.flush()).toMatchObject({ sent: 1, pending: 1, code: 'LICENSE_SUSPENDED' });
    server.refuse = undefined;
    expect(await client.usage.flush()).toMatchObject({ sent: 1, pending: 0, code: 'OK' });
  });

  it('is bounded: a record over the limit is refused', async () => {
    const client = open({ maxQueuedUsage: 2 });
    server.fail = (response) => {
      response.destroy();
      return true;
    };
    await client.usage.record('export');
    await client.usage.record('export');
    await expect(client.usage.record('export')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    server.fail = undefined;
    expect(await client.usage.flush()).toMatchObject({ sent: 2, pending: 0 });
    await client.usage.record('export');
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, '1' as unknown as number])(
    'does not take the quantity %p',
    async (quantity) => {
      await expect(open().usage.record('export', quantity)).rejects.toMatchObject({ code: 'INVALID_RECORD' });
    },
  );

  it('is refused without a license and after close', async () => {
    await expect(open({ licenseKey: undefined }).usage.record('export')).rejects.toMatchObject({
      code: 'NO_LICENSE_KEY',
    });
    const client = open();
    await client.usage.record('export');
    await client.close();
    expect(server.counted.size).toBe(1);
    await expect(client.usage.record('export')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  describe('in files', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'keyledger-client-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    const worker = (...more: string[]): string[] => [
      '--conditions=source',
      '--experimental-transform-types',
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'recorder.worker.ts'),
      server.url,
      server.signer.pem,
      join(folder, 'state'),
      ...more,
    ];

    it('survives kill -9 and is counted once', async () => {
      server.losing = 0.3;
      const kept = new Map<string, number>();
      for (const records of [5, 40, 120]) {
        const { child, output } = await startAndWaitFor(worker(), new RegExp(`^kept \\S+ ${records}$`));
        await stop(child, 'SIGKILL');
        for (const line of output) {
          const [, id = '', quantity] = line.split(' ');
          kept.set(id, Number(quantity));
        }
      }
      const { child } = await startAndWaitFor(worker('flush'), /^empty$/);
      await stop(child);
      for (const [id, quantity] of kept) expect(server.counted.get(id)).toMatchObject({ quantity });
      // Each killed run may have stored one record without printing it.
      expect(server.counted.size - kept.size).toBeLessThanOrEqual(3);
      expect((await readdir(join(folder, 'state'))).filter((name) => name.startsWith('usage-'))).toEqual([]);
    });

    it('is stored under any key, inside the folder, readable by its user only', async () => {
      const storage = fileStorage(join(folder, 'a'));
      expect(await storage.get('x')).toBeUndefined();
      expect(await storage.keys('')).toEqual([]);
      await storage.set('../x/%', 'one');
      await storage.set('../x/%', 'two');
      expect(await storage.keys('../')).toEqual(['../x/%']);
      expect(await storage.get('../x/%')).toBe('two');
      const [file = ''] = await readdir(join(folder, 'a'));
      expect((await stat(join(folder, 'a', file))).mode & 0o777).toBe(0o600);
      await storage.delete('../x/%');
      await storage.delete('../x/%');
      expect(await readdir(folder)).toEqual(['a']);
      expect(await readdir(join(folder, 'a'))).toEqual([]);
    });
  });
});
