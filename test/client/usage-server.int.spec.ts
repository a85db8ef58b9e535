import { memoryStorage, type Usage } from '@keyledger/client';
import { type Merchant, openMerchant } from './merchant.ts';

describe('usage on a real server', () => {
  let merchant: Merchant;
  beforeAll(async () => {
    merchant = await openMerchant();
  });
  afterAll(() => merchant.close());

  const licensed = async (value: number | null): Promise<{ id: string; key: string }> => {
    const plan = await merchant.plan();
    await merchant.admin('POST', `/admin/plans/${plan}/entitlements`, {
      feature: 'export',
      value_type: 'quota',
      value,
    });
    return merchant.license(plan);
  };
  const counted = async ({ id }: { id: string }): Promise<number[]> => {
    const { data } = (await merchant.admin('GET', `/admin/licenses/${id}/usage`)) as {
      data: { quantity: number }[];
    };
    return data.map(({ quantity }) => quantity).reverse();
  };

  it('is counted once, including records made while the server was down', async () => {
    const license = await licensed(null);
    const storage = memoryStorage();
    const client = merchant.client({ storage, licenseKey: license.key, onError: () => undefined });
    await client.usage.record('export', 1, { metadata: { project: 'alpha' } });
    expect(await client.usage.flush()).toMatchObject({ pending: 0, code: 'OK' });
    await merchant.stop();
    await client.usage.record('export', 2);
    await client.usage.record('export', 3, { timestamp: new Date(Date.now() - 60_000) });
    expect(await client.usage.flush()).toMatchObject({ sent: 0, pending: 2, code: 'OFFLINE' });
    await merchant.start();
    expect(await client.usage.flush()).toMatchObject({ pending: 0, code: 'OK' });
    expect(await counted(license)).toEqual([1, 2, 3]);
    await client.close();
  });

  it('is counted up to the quota; refused records are reported and deleted', async () => {
    const license = await licensed(5);
    const refused: [Usage['feature'], number, string][] = [];
    const client = merchant.client({
      storage: memoryStorage(),
      licenseKey: license.key,
      onUsageRefused: ({ feature, quantity }, code) => refused.push([feature, quantity, code]),
    });
    for (const [feature, quantity] of [
      ['export', 4],
      ['export', 2],
      ['nothing', 1],
      ['No Feature!', 1],
      ['export', 1],
    ] as const)
      await client.usage.record(feature, quantity);
    await client.close();
    expect(await counted(license)).toEqual([4, 1]);
    expect(refused.sort()).toEqual([
      ['No Feature!', 1, 'VALIDATION_FAILED'],
      ['export', 2, 'QUOTA_EXCEEDED'],
      ['nothing', 1, 'ENTITLEMENT_NOT_FOUND'],
    ]);
  });

  it('of a suspended license waits until it is reinstated', async () => {
    const license = await licensed(5);
    const client = merchant.client({ storage: memoryStorage(), licenseKey: license.key });
    await merchant.admin('POST', `/admin/licenses/${license.id}/suspend`, {});
    await client.usage.record('export', 3);
    expect(await client.usage.flush()).toMatchObject({ pending: 1, code: 'LICENSE_SUSPENDED' });
    expect(await counted(license)).toEqual([]);
    await merchant.admin('POST', `/admin/licenses/${license.id}/reinstate`, {});
    expect(await client.usage.flush()).toMatchObject({ pending: 0, code: 'OK' });
    expect(await counted(license)).toEqual([3]);
    await client.close();
  });
});
