import { type FloatingSession, LicenseClient, type LicenseClientOptions } from '@keyledger/client';
import { eventually } from '../support/app.ts';
import { type FakeServer, startFakeServer } from './fake-server.ts';
import { DEVICE, PRODUCT } from './signer.ts';

describe('a floating session', () => {
  let server: FakeServer;
  const clients: LicenseClient[] = [];
  beforeEach(async () => {
    server = await startFakeServer();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await server.close();
  });

  const open = (options: Partial<LicenseClientOptions> = {}): LicenseClient => {
    const client = new LicenseClient({
      url: server.url,
      product: PRODUCT,
      publicKeys: [server.signer.pem],
      identifier: DEVICE,
      licenseKey: 'ACME-1',
      timeoutMs: 20_000,
      ...options,
    });
    clients.push(client);
    return client;
  };
  const calls = (name: string) => server.calls.filter(({ path }) => path.endsWith(`/floating/${name}`));
  const disconnect = (): void => {
    server.fail = (response) => {
      response.destroy();
      return true;
    };
  };

  it('is kept alive by heartbeats, and checked in', async () => {
    server.sessionMs = 3_000;
    const session = await open().checkout({ label: 'Desk 7' });
    expect(session).toMatchObject({ active: true, state: 'active', code: 'OK', activeSessions: 1, maxSessions: 2 });
    const first = session.expiresAt?.getTime() ?? 0;
    await eventually(() => calls('heartbeat').length >= 4);
    expect(session.active).toBe(true);
    expect(session.expiresAt?.getTime()).toBeGreaterThan(first);
    expect(calls('checkout')).toHaveLength(1);
    expect(await session.close()).toMatchObject({ done: true });
    expect(session).toMatchObject({ active: false, state: 'closed' });
    expect(server.sessions.size).toBe(0);
    expect(await session.close()).toMatchObject({ done: true });
    expect(calls('checkin')).toHaveLength(1);
  });

  it('is checked in when the client is closed, and at the end of its block', async () => {
    const client = open();
    {
      await using session = await client.checkout();
      expect(session.active).toBe(true);
    }
    expect(server.sessions.size).toBe(0);
    await client.checkout();
    expect(server.sessions.size).toBe(1);
    await client.close();
    expect(server.sessions.size).toBe(0);
  });

  it('says why it was refused', async () => {
    server.maxSessions = 1;
    await open().checkout();
    const refused = await open({ identifier: 'another' }).checkout();
    expect(refused).toMatchObject({
      active: false,
      state: 'refused',
      code: 'FLOATING_LIMIT_REACHED',
      details: { max: 1 },
    });
    expect(refused.ended.aborted).toBe(true);
    expect(await open({ licenseKey: undefined }).checkout()).toMatchObject({
      state: 'refused',
      code: 'NO_LICENSE_KEY',
    });
  });

  it('is checked out again after the server has lost it', async () => {
    server.sessionMs = 2_000;
    const states: string[] = [];
    const session = await open().checkout({ onChange: ({ state }: FloatingSession) => states.push(state) });
    const { id } = session;
    // The session expires on the server, as when a device sleeps.
    for (const known of server.sessions.values()) known.expires = 0;
    await eventually(() => session.id !== undefined && session.id !== id && session.active);
    server.sessions.clear();
    await eventually(() => calls('checkout').length >= 3 && session.active);
    expect(states).toEqual(['active']);
  });

  it('expires and is renewed when its device wakes from sleep', async () => {
    let slept = 0;
    server.sessionMs = 60_000;
    const session = await open({ now: () => Date.now() + slept }).checkout();
    expect(session.active).toBe(true);
    slept = 3_600_000;
    expect(session).toMatchObject({ active: false, state: 'waiting' });
    await eventually(() => session.active);
    expect(calls('heartbeat')).toHaveLength(1);
  });

  it('beats on time when the clock of its device is set back', async () => {
    let deviation = 0;
    server.sessionMs = 2_000;
    const session = await open({ now: () => Date.now() + deviation }).checkout();
    deviation = -3_600_000;
    await eventually(() => calls('heartbeat').length >= 2);
    expect(session.active).toBe(true);
  });

  it('ends on time when the clock of its device is set back offline', async () => {
    let deviation = 0;
    server.sessionMs = 600;
    const session = await open({ now: () => Date.now() + deviation }).checkout();
    disconnect();
    deviation = -3_600_000;
    await eventually(() => session.state === 'waiting');
    expect(session.active).toBe(false);
  });

  it('is inactive after its end without a network, and active again with one', async () => {
    server.sessionMs = 600;
    const states: string[] = [];
    const session = await open().checkout({ onChange: ({ state }: FloatingSession) => states.push(state) });
    disconnect();
    await eventually(() => session.code === 'OFFLINE');
    await eventually(() => !session.active);
    await eventually(() => states.at(-1) === 'waiting');
    server.fail = undefined;
    await eventually(() => session.active);
    expect(session).toMatchObject({ state: 'active', code: 'OK' });
  });

  it('is requested until the server can be reached', async () => {
    disconnect();
    const session = await open().checkout();
    expect(session).toMatchObject({ active: false, state: 'waiting', code: 'OFFLINE' });
    server.fail = undefined;
    await eventually(() => session.active);
    disconnect();
    expect(await session.close()).toMatchObject({ done: false, code: 'OFFLINE' });
  });

  it('ends when the license is suspended', async () => {
    server.sessionMs = 400;
    const session = await open().checkout();
    server.refuse = () => server.problem(409, 'LICENSE_SUSPENDED');
    await eventually(() => session.state === 'refused');
    expect(session).toMatchObject({ active: false, code: 'LICENSE_SUSPENDED' });
    const count = server.calls.length;
    server.refuse = undefined;
    expect(await session.close()).toMatchObject({ done: true });
    expect(server.calls).toHaveLength(count);
  });

  it('is not requested when the call is aborted', async () => {
    await expect(open().checkout({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
