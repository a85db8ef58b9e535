import { memoryStorage } from '@keyledger/client';
import { type Merchant, openMerchant } from './merchant.ts';

const DAY = 86_400_000;

describe('a program and its license', () => {
  let merchant: Merchant;
  let plan: string;

  beforeAll(async () => {
    merchant = await openMerchant();
    plan = await merchant.plan({ max_activations: 1 });
  });
  afterAll(() => merchant.close());

  it('are activated once, verified, and deactivated', async () => {
    const { id, key } = await merchant.license(plan);
    const storage = memoryStorage();
    const first = merchant.client({ storage });
    expect(await first.verify()).toMatchObject({ valid: false, code: 'NO_LICENSE_KEY' });
    expect(await first.activate(` ${key} `, { label: 'Ada’s desk' })).toMatchObject({
      valid: true,
      mode: 'online',
      license: { id },
    });
    const again = merchant.client({ storage });
    const verdict = await again.verify();
    expect(verdict).toMatchObject({ valid: true, mode: 'online', code: 'VALID', offline: null });
    expect(verdict.until?.getTime()).toBeGreaterThan(Date.now() + 3 * DAY);
    expect(await again.deactivate()).toMatchObject({ done: true, code: 'OK' });
    expect(await merchant.client({ storage }).verify()).toMatchObject({ valid: false, code: 'NO_LICENSE_KEY' });
  });

  it('get the reason of a refusal as code and numbers', async () => {
    const { key } = await merchant.license(plan);
    expect(await merchant.client().activate('ACME-WRONG')).toMatchObject({ valid: false, code: 'LICENSE_NOT_FOUND' });
    expect(await merchant.client({ licenseKey: key }).verify()).toMatchObject({ valid: false, code: 'NOT_ACTIVATED' });
    await merchant.client().activate(key);
    expect(await merchant.client({ identifier: 'another' }).activate(key)).toMatchObject({
      valid: false,
      mode: 'online',
      code: 'ACTIVATION_LIMIT_REACHED',
      details: { max: 1, current: 1 },
    });
  });

  it('take a key that was pasted, typed or read from a secret file', async () => {
    const { id, key } = await merchant.license(plan);
    const storage = memoryStorage();
    const pasted = `\ufeff${key.slice(0, 8)}\r\n ${key.slice(8).replaceAll('-', '\u2013')}\n`;
    const configured = merchant.client({ storage, licenseKey: pasted });
    expect(await configured.activate()).toMatchObject({ valid: true, license: { id } });
    expect(await configured.verify()).toMatchObject({ valid: true });
    expect(await configured.activate(key.toLowerCase())).toMatchObject({ valid: true, license: { id } });
    expect(await merchant.client({ storage, licenseKey: key }).verify()).toMatchObject({ valid: true });
  });

  it.each(['', '\n', '\u200b'])('have no key when the given one is blank: %j', async (blank) => {
    expect(await merchant.client({ licenseKey: blank }).verify()).toMatchObject({ code: 'NO_LICENSE_KEY' });
    const { key } = await merchant.license(plan);
    const client = merchant.client();
    expect(await client.activate(blank)).toMatchObject({ valid: false, code: 'NO_LICENSE_KEY' });
    await client.activate(key);
    expect(await client.activate(blank)).toMatchObject({ valid: false, code: 'NO_LICENSE_KEY' });
    expect(client.verdict).toMatchObject({ valid: true });
  });

  it('keep the valid license when another key is refused', async () => {
    const { key } = await merchant.license(plan);
    const client = merchant.client();
    await client.activate(key);
    expect(await client.activate('ACME-WRONG')).toMatchObject({ code: 'LICENSE_NOT_FOUND' });
    expect(await client.verify()).toMatchObject({ valid: true });
  });

  it('report a missing feature', async () => {
    const { key } = await merchant.license(plan);
    const client = merchant.client();
    await client.activate(key);
    expect(await client.verify({ entitlements: ['export'] })).toMatchObject({
      valid: false,
      code: 'ENTITLEMENT_MISSING',
    });
    expect(client.entitlement('export')).toBeUndefined();
    expect(client.entitlement('constructor')).toBeUndefined();
  });

  it('know the entitlements of the plan, online and offline', async () => {
    const granting = await merchant.plan();
    const grant = (feature: string, value_type: string, value: unknown) =>
      merchant.admin('POST', `/admin/plans/${granting}/entitlements`, { feature, value_type, value });
    await grant('export', 'bool', true);
    await grant('beta', 'bool', false);
    await grant('projects', 'int', 5);
    const { key } = await merchant.license(granting);
    const storage = memoryStorage();
    await merchant.client({ storage }).activate(key);
    const check = async (mode: string): Promise<void> => {
      const client = merchant.client({ storage });
      expect(await client.verify({ entitlements: ['export', 'projects'] })).toMatchObject({ valid: true, mode });
      expect(client.entitlement('projects')).toMatchObject({ granted: true, value: 5 });
      expect(client.entitlement('beta')).toMatchObject({ granted: false });
      expect(await client.verify({ entitlements: ['beta'] })).toMatchObject({ code: 'ENTITLEMENT_MISSING', mode });
      expect(client.verdict).toMatchObject({ valid: true });
    };
    await check('online');
    await merchant.stop();
    await check('offline');
    await merchant.start();
  });

  it('keep a random identifier when the program gives none', async () => {
    const { key } = await merchant.license(plan);
    const storage = memoryStorage();
    expect(await merchant.client({ storage, identifier: undefined }).activate(key)).toMatchObject({ valid: true });
    expect(await merchant.client({ storage, identifier: undefined }).verify()).toMatchObject({ valid: true });
  });

  it('fetch the public keys of the server when none are pinned', async () => {
    const { key } = await merchant.license(plan);
    const storage = memoryStorage();
    const client = merchant.client({ storage, publicKeys: undefined });
    expect(await client.activate(key)).toMatchObject({ valid: true, mode: 'online' });
    await merchant.stop();
    const later = merchant.client({ storage, publicKeys: undefined });
    expect(await later.verify()).toMatchObject({ valid: true, mode: 'offline' });
    await merchant.start();
  });

  it('are refused when the release is later than the included updates, online and offline', async () => {
    const perpetual = await merchant.plan({ updates_days: 30 });
    const { key } = await merchant.license(perpetual);
    const storage = memoryStorage();
    const released = (days: number) =>
      merchant.client({ storage, releaseDate: new Date(Date.now() + days * DAY).toISOString() });
    await released(0).activate(key);
    expect(await released(29).verify()).toMatchObject({ valid: true, mode: 'online', code: 'VALID' });
    await merchant.stop();
    // The lease was issued to the version before, and says until when releases are included.
    expect(await released(31).verify()).toMatchObject({ valid: false, mode: 'offline', code: 'VERSION_TOO_OLD' });
    expect(await released(29).verify()).toMatchObject({ valid: true, mode: 'offline', code: 'VALID' });
    await merchant.start();
    expect(await released(31).verify()).toMatchObject({ valid: false, mode: 'online', code: 'VERSION_TOO_OLD' });
    expect(() => merchant.client({ releaseDate: 'yesterday' })).toThrow('releaseDate');
  });

  describe('offline', () => {
    it('run on the lease until it ends, and then in grace if configured', async () => {
      const { key } = await merchant.license(plan);
      const storage = memoryStorage();
      await merchant.client({ storage }).activate(key);
      await merchant.stop();
      const at = (days: number, offlineGraceDays = 0) =>
        merchant.client({ storage, offlineGraceDays, now: () => Date.now() + days * DAY }).verify();
      expect(await at(0)).toMatchObject({
        valid: true,
        mode: 'offline',
        code: 'VALID',
        offline: { cause: 'unreachable' },
      });
      expect(await at(6.9)).toMatchObject({ valid: true });
      expect(await at(7.1, 2)).toMatchObject({ valid: true, code: 'LEASE_GRACE' });
      expect(await at(7.2)).toMatchObject({ valid: false, code: 'LEASE_EXPIRED', until: null });
      expect(await at(9.1, 2)).toMatchObject({ valid: false, code: 'LEASE_EXPIRED' });
      await merchant.start();
      expect(await merchant.client({ storage }).verify()).toMatchObject({ valid: true, mode: 'online' });
    });

    it('notice that the clock was set back, and trust it again after an online call', async () => {
      const { key } = await merchant.license(plan);
      const storage = memoryStorage();
      await merchant.client({ storage }).activate(key);
      await merchant.stop();
      const at = (days: number) => merchant.client({ storage, now: () => Date.now() + days * DAY }).verify();
      expect(await at(-1)).toMatchObject({ valid: false, code: 'CLOCK_TURNED_BACK' });
      expect(await at(5)).toMatchObject({ valid: true });
      expect(await at(1)).toMatchObject({ valid: false, code: 'CLOCK_TURNED_BACK' });
      await merchant.start();
      expect(await at(1)).toMatchObject({ valid: true, mode: 'online' });
      await merchant.stop();
      expect(await at(1)).toMatchObject({ valid: true, mode: 'offline' });
      await merchant.start();
    });

    it('work with a clock that was always wrong', async () => {
      const { key } = await merchant.license(plan);
      const storage = memoryStorage();
      const wrong = { storage, now: () => Date.now() - 400 * DAY };
      expect(await merchant.client(wrong).activate(key)).toMatchObject({ valid: true });
      await merchant.stop();
      expect(await merchant.client(wrong).verify()).toMatchObject({ valid: true, mode: 'offline' });
      await merchant.start();
    });

    it('stay refused after a refusal of the server', async () => {
      const { id, key } = await merchant.license(plan);
      const storage = memoryStorage();
      await merchant.client({ storage }).activate(key);
      await merchant.admin('POST', `/admin/licenses/${id}/suspend`, {});
      expect(await merchant.client({ storage }).verify()).toMatchObject({
        valid: false,
        mode: 'online',
        code: 'SUSPENDED',
      });
      await merchant.stop();
      expect(await merchant.client({ storage }).verify()).toMatchObject({
        valid: false,
        mode: 'offline',
        code: 'SUSPENDED',
      });
      await merchant.start();
      await merchant.admin('POST', `/admin/licenses/${id}/reinstate`, {});
      expect(await merchant.client({ storage }).verify()).toMatchObject({ valid: true, mode: 'online' });
    });

    it('neither activate nor deactivate, and do not throw', async () => {
      const { key } = await merchant.license(plan);
      const storage = memoryStorage();
      await merchant.client({ storage }).activate(key);
      await merchant.stop();
      const client = merchant.client({ storage });
      expect(await client.deactivate()).toMatchObject({ done: false, code: 'OFFLINE' });
      expect(await client.activate()).toMatchObject({ valid: true, mode: 'offline' });
      expect(await client.activate('ACME-OTHER')).toMatchObject({ valid: false, mode: 'offline', code: 'NO_LEASE' });
      expect(await merchant.client({ licenseKey: key }).verify()).toMatchObject({ valid: false, code: 'NO_LEASE' });
      await merchant.start();
    });
  });
});
