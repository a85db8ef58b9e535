import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { startApp } from '../support/app.ts';
import { type Fields, startUsageWorld, type UsageWorld } from './usage.harness.ts';

describe('the notices of a quota', () => {
  let world: UsageWorld;
  beforeAll(async () => {
    world = await startUsageWorld();
  });
  afterAll(() => world.close());

  const raise = async (license: Fields, value: number): Promise<void> => {
    const limit = { value, value_type: 'quota', quota_period: 'monthly' };
    expect(await world.on(license, 'PUT', '/entitlements/calls', limit)).toMatchObject({ status: 200 });
  };
  const noticed = async (license: Fields): Promise<number[]> => [
    await world.told(license, 'quota.warning'),
    await world.told(license, 'quota.exceeded'),
  ];

  it('are sent again when the limit is raised within the period', async () => {
    const license = await world.issue({ feature: 'calls', value: 10, quota_period: 'monthly' });
    await world.use(license, 10);
    await world.use(license, 1);
    expect(await noticed(license)).toEqual([1, 1]);
    await raise(license, 20);
    await world.use(license, 5);
    expect(await noticed(license)).toEqual([1, 1]);
    await world.use(license, 1);
    expect(await noticed(license)).toEqual([2, 1]);
    await world.use(license, 5);
    expect(await noticed(license)).toEqual([2, 2]);
    // Each limit sends its notices once, even if the quota returns to it later.
    await raise(license, 10);
    await raise(license, 20);
    await world.use(license, 5);
    expect(await noticed(license)).toEqual([2, 2]);
  });

  it('are known to an instance that starts later', async () => {
    const license = await world.issue({ feature: 'calls', value: 10, quota_period: 'monthly' });
    await world.use(license, 10);
    await world.use(license, 1);
    const other = await startApp({ services: [gatewayService, licensingService], databaseUrl: world.app.databaseUrl });
    const use = (quantity: number): Promise<unknown> =>
      other.call(
        'POST',
        '/license/usage',
        { license_key: license['license_key'], feature: 'calls', quantity },
        { authorization: undefined },
      );
    try {
      expect(await use(1)).toMatchObject({ status: 429 });
      expect(await noticed(license)).toEqual([1, 1]);
      await raise(license, 12);
      expect(await use(1)).toMatchObject({ status: 200 });
      expect(await use(2)).toMatchObject({ status: 429 });
      expect(await noticed(license)).toEqual([2, 2]);
    } finally {
      await other.close();
    }
  });
});
