import { type LicenseClient, memoryStorage } from '@keyledger/client';
import { eventually } from '../support/app.ts';
import { type Merchant, openMerchant } from './merchant.ts';

describe('a floating session on a real server', () => {
  let merchant: Merchant;
  const clients: LicenseClient[] = [];
  beforeAll(async () => {
    merchant = await openMerchant();
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await merchant.close();
  });

  const floating = async (over: Record<string, unknown> = {}): Promise<{ id: string; key: string }> =>
    merchant.license(await merchant.plan({ license_model: 'floating', max_activations: 1, ...over }));
  const on = (licenseKey: string, identifier: string): LicenseClient => {
    const client = merchant.client({ licenseKey, identifier, storage: memoryStorage(), onError: () => undefined });
    clients.push(client);
    return client;
  };
  const running = async ({ id }: { id: string }): Promise<{ id: string; label: string | null }[]> =>
    (
      (await merchant.admin('GET', `/admin/licenses/${id}/sessions`)) as {
        data: { id: string; label: string | null }[];
      }
    ).data;

  it('takes the only slot until it is checked in', async () => {
    const license = await floating();
    const session = await on(license.key, 'desk').checkout({ label: 'Desk 7' });
    expect(session).toMatchObject({ state: 'active', activeSessions: 1, maxSessions: 1 });
    expect(await running(license)).toMatchObject([{ label: 'Desk 7' }]);
    const other = await on(license.key, 'sofa').checkout();
    expect(other).toMatchObject({ state: 'refused', code: 'FLOATING_LIMIT_REACHED' });
    expect(other.details).toMatchObject({ next_expires_at: expect.any(String) as string });
    expect(await session.close()).toMatchObject({ done: true });
    expect(await running(license)).toEqual([]);
    expect((await on(license.key, 'sofa').checkout()).active).toBe(true);
  });

  it('that an administrator ended is checked out again with the next heartbeat, if a slot is free', async () => {
    const license = await floating({ floating_timeout: 1 });
    // The clock jumps ahead, so the test need not wait for a heartbeat.
    let ahead = 0;
    const client = merchant.client({
      licenseKey: license.key,
      storage: memoryStorage(),
      onError: () => undefined,
      now: () => Date.now() + ahead,
    });
    clients.push(client);
    const session = await client.checkout();
    const [first] = await running(license);
    await merchant.admin('DELETE', `/admin/licenses/${license.id}/sessions/${first?.id}`);
    expect(await running(license)).toEqual([]);
    ahead = 50_000;
    await eventually(async () => (await running(license)).length === 1);
    expect((await running(license))[0]?.id).not.toBe(first?.id);
    expect(session.active).toBe(true);
    await session.close();
  });

  it('is borrowed with a lease that is valid offline', async () => {
    const license = await floating({ max_borrow_days: 2 });
    const client = on(license.key, 'laptop');
    const until = new Date(Date.now() + 86_400_000);
    const session = await client.checkout({ borrowUntil: until });
    expect(session.active).toBe(true);
    expect(Math.abs((session.expiresAt?.getTime() ?? 0) - until.getTime())).toBeLessThan(2_000);
    await merchant.stop();
    expect(await client.verify()).toMatchObject({ valid: true, mode: 'offline' });
    await merchant.start();
    await session.close();
  });
});
