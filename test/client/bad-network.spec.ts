import { LicenseClient, type LicenseClientOptions, memoryStorage } from '@keyledger/client';
import { DEVICE, leaseClaims, newSigner, PRODUCT } from './signer.ts';

const server = newSigner();

const json = (status: number, body: object, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
const problem = (status: number, code: string, headers = {}): Response =>
  json(status, { status, code, detail: code }, headers);

type Network = (signal: AbortSignal) => Promise<Response>;

/** Never answers, like a server whose packets are dropped. */
const hang: Network = (signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

const clientOn = async (network: Network, options: Partial<LicenseClientOptions> = {}): Promise<LicenseClient> => {
  const storage = memoryStorage();
  const lease = server.token({}, leaseClaims());
  await storage.set('license', JSON.stringify({ license_key: 'ACME-1', installation: 'x', lease }));
  return new LicenseClient({
    url: 'https://licenses.example.com/',
    product: PRODUCT,
    publicKeys: [server.pem],
    identifier: DEVICE,
    storage,
    fetch: (_input, init) => network(init?.signal as AbortSignal),
    // Long enough for a busy machine, except where the server never answers.
    timeoutMs: network === hang ? 100 : 20_000,
    ...options,
  });
};

describe('a program whose server does not answer', () => {
  it.each<[string, Network, string]>([
    ['hangs', hang, 'timeout'],
    ['cannot be found', () => Promise.reject(new TypeError('fetch failed')), 'unreachable'],
    ['has an error', async () => problem(500, 'INTERNAL'), 'server_error'],
    ['is starting', async () => problem(503, 'UNAVAILABLE', { 'retry-after': '1' }), 'server_error'],
    ['is behind a broken proxy', async () => new Response('<h1>Bad gateway</h1>', { status: 502 }), 'server_error'],
    ['limits the rate', async () => problem(429, 'RATE_LIMITED', { 'retry-after': '7' }), 'rate_limited'],
    ['is behind a captive portal', async () => new Response('<form>Room number?</form>'), 'no_answer_of_keyledger'],
    [
      'is behind a proxy that asks for a password',
      async () => new Response('', { status: 407 }),
      'no_answer_of_keyledger',
    ],
    ['answers with something else', async () => json(200, { ok: true }), 'no_answer_of_keyledger'],
    [
      'sends a positive answer without a lease',
      async () => json(200, { valid: true, code: 'VALID', token: null }),
      'no_answer_of_keyledger',
    ],
  ])('runs on its lease when that %s', async (_what, network, cause) => {
    const verdict = await (await clientOn(network)).verify();
    expect(verdict).toMatchObject({ valid: true, mode: 'offline', code: 'VALID', offline: { cause } });
  });

  it('ignores a positive answer with an untrusted signature, and keeps its lease', async () => {
    const forged = newSigner().token({}, leaseClaims({ plan: 'enterprise' }));
    const client = await clientOn(async () => json(200, { valid: true, code: 'VALID', token: forged }));
    expect(await client.verify()).toMatchObject({ mode: 'offline', license: { plan: 'pro' } });
  });

  it('accepts a negative answer, and remembers it offline', async () => {
    let network: Network = async () => json(200, { valid: false, code: 'REVOKED', message: null, token: null });
    const client = await clientOn((signal) => network(signal), { timeoutMs: 1_000 });
    expect(await client.verify()).toMatchObject({ valid: false, mode: 'online', code: 'REVOKED' });
    network = hang;
    expect(await client.verify()).toMatchObject({ valid: false, mode: 'offline', code: 'REVOKED' });
  });

  it('drops the refusal of its version after an update', async () => {
    const storage = memoryStorage();
    const tooOld: Network = async () => json(200, { valid: false, code: 'VERSION_TOO_OLD', message: 'Please update.' });
    const old = await clientOn(tooOld, { storage, version: '1.0.0', licenseKey: 'ACME-1' });
    expect(await old.verify()).toMatchObject({ code: 'VERSION_TOO_OLD', reason: 'Please update.' });
    const same = await clientOn(hang, { storage, version: '1.0.0', licenseKey: 'ACME-1' });
    expect(await same.verify()).toMatchObject({ code: 'VERSION_TOO_OLD', mode: 'offline' });
    const updated = await clientOn(hang, { storage, version: '2.0.0', licenseKey: 'ACME-1' });
    expect(await updated.verify()).toMatchObject({ code: 'NO_LEASE' });
  });

  it('rejects only for a call that it aborted', async () => {
    const client = await clientOn(hang, { timeoutMs: 60_000 });
    const abort = new AbortController();
    const verdict = client.verify({ signal: abort.signal });
    abort.abort();
    await expect(verdict).rejects.toMatchObject({ name: 'LicenseError', code: 'ABORTED' });
    await expect(client.verify({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('runs with a storage that fails, and reports its errors', async () => {
    const told: unknown[] = [];
    const broken = () => Promise.reject(new Error('ENOSPC'));
    const storage = { get: broken, set: broken, delete: broken, keys: broken };
    const token = server.token({}, leaseClaims());
    const yes: Network = async () => json(200, { valid: true, code: 'VALID', entitlements: {}, token });
    const client = await clientOn(yes, { storage, licenseKey: 'ACME-1', onError: (error) => told.push(error) });
    expect(await client.verify()).toMatchObject({ valid: true, mode: 'online' });
    expect(told).toContainEqual(expect.objectContaining({ message: 'ENOSPC' }));
    await expect(client.usage.record('export')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  it('starts without a license when the stored state is damaged', async () => {
    const storage = memoryStorage();
    await storage.set('license', '{"license_key":"ACME-1","lea');
    const client = await clientOn(hang, { storage });
    expect(await client.verify()).toMatchObject({ valid: false, code: 'NO_LICENSE_KEY' });
  });
});
