import { type KeyValueStorage, LicenseClient, memoryStorage, type Verdict } from '@keyledger/client';
import { DEVICE, leaseClaims, newSigner, PRODUCT } from './signer.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400 * SECOND;
const START = Date.parse('2031-03-01T12:00:00.000Z');

const signer = newSigner();

/** A program that keeps one storage through all its runs, and a server with a correct clock. */
class Program {
  readonly #storage: KeyValueStorage = memoryStorage();
  /** Real time, which the server tells. */
  time = START;
  /** What the device's clock shows, minus real time. */
  deviation = 0;
  /** Lifetime of new leases. */
  leaseMs = 7 * DAY;
  /** Whether answers have a `Date` header; some proxies remove it. */
  dated = true;
  online = true;

  verify(offlineGraceDays = 0): Promise<Verdict> {
    const client = new LicenseClient({
      url: 'https://licenses.example.com',
      product: PRODUCT,
      publicKeys: [signer.pem],
      identifier: DEVICE,
      licenseKey: 'ACME-1',
      storage: this.#storage,
      offlineGraceDays,
      now: () => this.time + this.deviation,
      fetch: async () => this.#answer(),
    });
    return client.verify();
  }

  #answer(): Response {
    if (!this.online) throw new TypeError('fetch failed');
    const exp = Math.floor((this.time + this.leaseMs) / 1000);
    const token = signer.token({}, leaseClaims({ exp }, this.time));
    const date: Record<string, string> = this.dated ? { date: new Date(this.time).toUTCString() } : {};
    return Response.json({ valid: true, code: 'VALID', token }, { headers: date });
  }
}

describe('the clock of a device', () => {
  let program: Program;
  beforeEach(() => {
    program = new Program();
  });

  it.each([1 * SECOND, 61 * SECOND, 4 * MINUTE, 5 * MINUTE])(
    'that is set back by %d ms after a call costs no license',
    async (back) => {
      expect(await program.verify()).toMatchObject({ valid: true, mode: 'online' });
      program.online = false;
      program.deviation = -back;
      expect(await program.verify()).toMatchObject({ valid: true, mode: 'offline', code: 'VALID' });
    },
  );

  it('that is set back by more than five minutes is noticed offline', async () => {
    await program.verify();
    program.online = false;
    program.deviation = -5 * MINUTE - SECOND;
    expect(await program.verify()).toMatchObject({ valid: false, code: 'CLOCK_TURNED_BACK' });
    program.online = true;
    expect(await program.verify()).toMatchObject({ valid: true, mode: 'online' });
  });

  it.each([1 * SECOND, 4 * MINUTE, 5 * MINUTE, 6 * MINUTE, 2 * DAY])(
    'that is set back by %d ms does not revive a lease that was seen expired',
    async (back) => {
      await program.verify();
      program.online = false;
      program.time += 7 * DAY;
      expect(await program.verify()).toMatchObject({ valid: false, code: 'LEASE_EXPIRED' });
      program.deviation = -back;
      expect(await program.verify()).toMatchObject({
        valid: false,
        code: back > 5 * MINUTE ? 'CLOCK_TURNED_BACK' : 'LEASE_EXPIRED',
      });
      program.online = true;
      expect(await program.verify()).toMatchObject({ valid: true, mode: 'online' });
    },
  );

  it('that is set back does not revive the grace period of a lease', async () => {
    await program.verify(2);
    program.online = false;
    program.time += 9 * DAY;
    expect(await program.verify(2)).toMatchObject({ valid: false, code: 'LEASE_EXPIRED' });
    program.deviation = -4 * MINUTE;
    expect(await program.verify(2)).toMatchObject({ valid: false, code: 'LEASE_EXPIRED' });
  });

  it('that is set back from grace leaves the lease in grace', async () => {
    await program.verify(2);
    program.online = false;
    program.time += 7 * DAY;
    expect(await program.verify(2)).toMatchObject({ valid: true, code: 'LEASE_GRACE' });
    program.deviation = -4 * MINUTE;
    expect(await program.verify(2)).toMatchObject({ valid: true, code: 'LEASE_GRACE' });
  });

  it.each([true, false])('may be behind from the start (answers with a Date header: %p)', async (dated) => {
    program.dated = dated;
    for (const deviation of [-2 * SECOND, -3 * MINUTE, -400 * DAY]) {
      program.deviation = deviation;
      program.online = true;
      expect(await program.verify()).toMatchObject({ valid: true, mode: 'online' });
      program.online = false;
      expect(await program.verify()).toMatchObject({ valid: true, mode: 'offline', code: 'VALID' });
    }
  });

  it('does not lengthen a lease when it is behind from the start', async () => {
    program.deviation = -400 * DAY;
    await program.verify();
    program.online = false;
    program.time += 7 * DAY - SECOND;
    expect(await program.verify()).toMatchObject({ valid: true });
    program.time += SECOND;
    expect(await program.verify()).toMatchObject({ valid: false, code: 'LEASE_EXPIRED' });
  });
});
