import { fingerprintOf } from './bytes.ts';
import { Clock } from './clock.ts';
import { jwksKeys, type TrustedKeys, trustedKeys } from './keys.ts';
import { isBeyondUpdates, judgeLease, type LeaseClaims, type LeaseFault, readLease } from './lease.ts';
import { type Memory, NOTHING, recall, remember } from './memory.ts';
import type { Settings } from './options.ts';
import type { CallOptions, Silent, Transport } from './transport.ts';
import { no, type Verdict, yes } from './verdict.ts';

/** The state of the license on this device: key, lease, last refusal and clock. */
export class KnownLicense {
  readonly #pinned: Promise<TrustedKeys> | undefined;
  #loaded: Promise<void> | undefined;
  #memory: Memory = NOTHING;
  #saved: Promise<void> = Promise.resolve();
  #identifier = '';
  #fingerprint = '';
  clock: Clock;

  constructor(
    private readonly settings: Settings,
    private readonly transport: Transport,
  ) {
    this.clock = new Clock(settings.now);
    if (settings.publicKeys.length > 0) this.#pinned = trustedKeys(settings.publicKeys);
    // Avoids an unhandled rejection: the promise is awaited, and fails, when a lease is read.
    this.#pinned?.catch(() => undefined);
  }

  /** Reads the storage once. A storage that cannot be read is reported to `onError` and counts as empty. */
  load(): Promise<void> {
    return (this.#loaded ??= this.#load());
  }

  get key(): string | null {
    return this.#memory.license_key;
  }

  get identifier(): string {
    return this.#identifier;
  }

  async #load(): Promise<void> {
    const { storage, licenseKey, identifier, onError, now } = this.settings;
    try {
      this.#memory = await recall(storage);
    } catch (error) {
      onError(error);
    }
    this.clock = new Clock(now, this.#memory.clock);
    const installation = this.#memory.installation ?? crypto.randomUUID();
    this.#identifier = identifier ?? installation;
    this.#fingerprint = await fingerprintOf(this.#identifier);
    const another = licenseKey !== null && licenseKey !== this.#memory.license_key;
    if (another) await this.#keep({ installation, license_key: licenseKey, lease: null, refusal: null });
    else if (this.#memory.installation === null) await this.#keep({ installation });
  }

  /**
   * Verifies a lease and stores it if it is valid for this product and device.
   * @param key the license key that the lease was issued for
   * @param serverTime of the answer's `Date` header, in milliseconds since 1970; null without one
   */
  async accept(
    token: unknown,
    key: string,
    serverTime: number | null,
    options: CallOptions,
  ): Promise<LeaseClaims | LeaseFault> {
    if (typeof token !== 'string') return 'LEASE_MALFORMED';
    let claims = await readLease(token, await this.#keys());
    if (claims === 'LEASE_UNTRUSTED_KEY' && this.#pinned === undefined) {
      await this.#fetchKeys(options);
      claims = await readLease(token, await this.#keys());
    }
    if (typeof claims === 'string') return claims;
    // The server's time is not before the lease that it signed. That counts where a proxy removed the `Date` header.
    const now = Math.max(serverTime ?? this.clock.now(), claims.iat * 1000);
    const fault = this.#judge(claims, now, 0);
    if (fault !== 'OK') return fault;
    this.clock.synchronize(now);
    await this.#keep({ license_key: key, lease: token, refusal: null });
    return claims;
  }

  /** Records a refusal of the server, which invalidates every earlier lease. */
  async refuse(code: string, reason: string): Promise<void> {
    // This refusal is only about this version of the program: a newer one may be accepted.
    const version = code === 'VERSION_TOO_OLD' ? this.#program : null;
    await this.#keep({ lease: null, refusal: { code, reason, version } });
  }

  /** Identifies the version of the program. */
  get #program(): string | null {
    return this.settings.version ?? this.settings.releaseDate;
  }

  async forget(): Promise<void> {
    await this.#keep({ license_key: null, lease: null, refusal: null });
  }

  /** Verdict without an answer from the server: by the last refusal or lease. */
  async offlineVerdict({ cause, reason }: Silent): Promise<Verdict> {
    const more = { mode: 'offline', offline: { cause, reason } } as const;
    const { refusal, lease } = this.#memory;
    if (refusal !== null && (refusal.version === null || refusal.version === this.#program)) {
      return no(refusal.code, refusal.reason, more);
    }
    if (lease === null) return no('NO_LEASE', `${reason} It has never confirmed this license.`, more);
    if (this.clock.turnedBack) {
      return no('CLOCK_TURNED_BACK', 'The clock of this computer was set back. Correct it, or go online.', more);
    }
    // Stored whatever the verdict is: an expired lease must not become valid again when the clock is set back.
    const now = this.clock.advance();
    await this.#keep({});
    const claims = await readLease(lease, await this.#keys());
    const grace = this.settings.offlineGraceMs;
    const fault = typeof claims === 'string' ? claims : this.#judge(claims, now, grace);
    if (typeof claims === 'string' || fault !== 'OK')
      return no(fault as LeaseFault, leaseFaults[fault as LeaseFault], more);
    if (isBeyondUpdates(claims, this.settings.releaseDate))
      return no('VERSION_TOO_OLD', 'The license does not include releases as late as this one.', more);
    if (now >= claims.exp * 1000) {
      return yes('LEASE_GRACE', 'The lease has expired; go online soon.', claims, grace, more);
    }
    const code = claims.status === 'past_due' ? 'PAST_DUE_GRACE' : 'VALID';
    return yes(code, 'The license was valid when the server was last reached.', claims, grace, more);
  }

  #judge(claims: LeaseClaims, now: number, grace: number): LeaseFault | 'OK' {
    return judgeLease(claims, { product: this.settings.product, fingerprint: this.#fingerprint, now, grace });
  }

  #keys(): Promise<TrustedKeys> {
    return this.#pinned ?? trustedKeys(this.#memory.keys);
  }

  async #fetchKeys(options: CallOptions): Promise<void> {
    const reply = await this.transport.get('/.well-known/jwks.json', options);
    if (reply.kind === 'answer') await this.#keep({ keys: jwksKeys(reply.body) });
  }

  /** Changes the state and stores it. A storage error is reported to `onError`; the change then lasts until the process ends. */
  async #keep(change: Partial<Memory>): Promise<void> {
    const memory = { ...this.#memory, ...change, clock: this.clock.memory };
    this.#memory = memory;
    this.#saved = this.#saved.then(() => remember(this.settings.storage, memory)).catch(this.settings.onError);
    await this.#saved;
  }
}

/** Messages for users. */
export const leaseFaults: Readonly<Record<LeaseFault, string>> = {
  LEASE_MALFORMED: 'The lease is malformed.',
  LEASE_UNTRUSTED_KEY: 'The lease is signed with a key that is not trusted.',
  LEASE_BAD_SIGNATURE: 'The lease was not signed by the license server.',
  LEASE_WRONG_PRODUCT: 'The lease is for another product.',
  LEASE_WRONG_DEVICE: 'The lease is for another device.',
  LEASE_NOT_YET_VALID: 'The lease is not valid yet: check the clock of this computer.',
  LEASE_EXPIRED: 'The lease has expired: the license server was not reached for too long.',
};
