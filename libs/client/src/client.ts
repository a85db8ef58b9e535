import { FloatingSession, type SessionOptions } from './floating/session.ts';
import { keyOf } from './key-text.ts';
import { KnownLicense, leaseFaults } from './license.ts';
import { type LicenseClientOptions, settingsOf, type Settings } from './options.ts';
import type { Outcome } from './outcome.ts';
import { type CallOptions, type Reply, type Silent, Transport } from './transport.ts';
import { UsageQueue } from './usage/queue.ts';
import { demanding, type Entitlement, entitlementsOf, no, refused, type Verdict, withNumbers, yes } from './verdict.ts';

export interface VerifyOptions extends CallOptions {
  /** Required features. */
  readonly entitlements?: readonly string[] | undefined;
}

export interface ActivateOptions extends CallOptions {
  /** Name of this device shown to the customer, e.g. its host name. */
  readonly label?: string | undefined;
}

/** Refusals of an activation that concern the license, not the request. */
const FINAL = /^(LICENSE_|ACTIVATION_LIMIT_REACHED$)/;

/**
 * A license in a shipped program. Every promise settles within the time-out, online or not: decisions of the server and a
 * server out of reach are results. Rejections are `LicenseError`s: a mistake of the program, or a call that it aborted.
 */
export class LicenseClient {
  /** Records usage for the merchant. Records survive crashes and time offline. */
  readonly usage: UsageQueue;
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #license: KnownLicense;
  readonly #sessions = new Set<FloatingSession>();
  #verdict: Verdict | undefined;

  /** @throws LicenseError INVALID_OPTIONS */
  constructor(options: LicenseClientOptions) {
    this.#settings = settingsOf(options);
    this.#transport = new Transport(this.#settings);
    this.#license = new KnownLicense(this.#settings, this.#transport);
    this.usage = new UsageQueue(this.#settings, this.#transport, this.#license);
  }

  /** The last verdict; undefined before the first. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** What the last verdict grants for a feature; undefined if the license does not have it. */
  entitlement(feature: string): Entitlement | undefined {
    const granted = this.#verdict?.valid === true ? this.#verdict.entitlements : {};
    return Object.hasOwn(granted, feature) ? granted[feature] : undefined;
  }

  /**
   * Takes one of the license's activations for this device, or finds that it has one already, and keeps the key for later runs.
   * A key that is refused does not replace one that works.
   * @param licenseKey as it was pasted or typed; left out: the one that is kept
   */
  async activate(licenseKey?: string, { label, signal }: ActivateOptions = {}): Promise<Verdict> {
    await this.#license.load();
    const key = licenseKey === undefined ? this.#license.key : keyOf(licenseKey);
    if (key === null) return this.#license.key === null ? this.#conclude(NO_KEY) : NO_KEY;
    const reply = await this.#transport.post(
      '/license/activate',
      { license_key: key, identifier: this.#license.identifier, ...(label === undefined ? {} : { label }) },
      { signal },
    );
    const own = key === this.#license.key;
    if (reply.kind === 'silence') return own ? this.#offline(reply) : neverSeen(reply);
    if (reply.kind === 'answer') return this.#believe(reply, key, 'VALID', { signal });
    const verdict = refused(reply);
    if (!own) return verdict;
    if (FINAL.test(reply.code)) await this.#license.refuse(reply.code, reply.reason);
    return this.#conclude(verdict);
  }

  /** Asks the server whether the program may run; if the server is out of reach, the stored lease decides. */
  async verify({ entitlements = [], signal }: VerifyOptions = {}): Promise<Verdict> {
    await this.#license.load();
    const { key, identifier } = this.#license;
    if (key === null) return this.#conclude(NO_KEY);
    const { product, version, releaseDate } = this.#settings;
    const program = {
      ...(version === null ? {} : { version }),
      ...(releaseDate === null ? {} : { release_date: releaseDate }),
    };
    const request = { license_key: key, identifier, product, ...program };
    const reply = await this.#transport.post('/license/verify', request, { signal });
    const verdict = await this.#judge(reply, key, { signal });
    return this.#conclude(verdict, entitlements);
  }

  /** Releases this device's activation and forgets the license. Offline it does neither. */
  async deactivate({ signal }: CallOptions = {}): Promise<Outcome> {
    await this.#license.load();
    const { key, identifier } = this.#license;
    if (key === null) return { done: false, code: NO_KEY.code, reason: NO_KEY.reason };
    const reply = await this.#transport.post('/license/deactivate', { license_key: key, identifier }, { signal });
    if (reply.kind === 'silence') return { done: false, code: 'OFFLINE', reason: reply.reason };
    const gone =
      reply.kind === 'answer' || /^(ACTIVATION_NOT_FOUND|LICENSE_NOT_FOUND|LICENSE_REVOKED)$/.test(reply.code);
    if (!gone) return { done: false, code: reply.code, reason: reply.reason };
    await this.#license.forget();
    this.#verdict = undefined;
    return reply.kind === 'answer' ? DEACTIVATED : { done: true, code: reply.code, reason: reply.reason };
  }

  /**
   * Takes one of a floating license's sessions and keeps it alive until it is closed. Check `active` of the result: a full
   * license and a server out of reach are states of a session, not errors.
   */
  async checkout(options: SessionOptions = {}): Promise<FloatingSession> {
    await this.#license.load();
    const session = new FloatingSession(this.#settings, this.#transport, this.#license, options);
    await session.begin();
    if (session.state !== 'refused') this.#sessions.add(session);
    session.ended.addEventListener('abort', () => this.#sessions.delete(session), { once: true });
    return session;
  }

  /** Releases sessions and sends usage, within the time-out. The next run sends the rest. */
  async close(): Promise<void> {
    await Promise.all([...[...this.#sessions].map((session) => session.close()), this.usage.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #judge(reply: Reply, key: string, options: CallOptions): Promise<Verdict> {
    if (reply.kind === 'silence') return this.#license.offlineVerdict(reply);
    if (reply.kind === 'refusal') return refused(reply);
    const { valid, code, message } = reply.body;
    if (typeof valid !== 'boolean' || typeof code !== 'string') return this.#license.offlineVerdict(IMPOSTOR);
    if (valid) return this.#believe(reply, key, code, options);
    const reason = typeof message === 'string' ? message : `The license server says ${code}.`;
    await this.#license.refuse(code, reason);
    return no(code, reason);
  }

  /** Accepts a "yes" only with a valid signature. An unsigned one is treated as no answer. */
  async #believe(
    { body, serverTime }: Extract<Reply, { kind: 'answer' }>,
    key: string,
    code: string,
    options: CallOptions,
  ): Promise<Verdict> {
    const claims = await this.#license.accept(body['token'], key, serverTime, options);
    if (typeof claims === 'string') {
      return this.#conclude(await this.#license.offlineVerdict({ ...IMPOSTOR, reason: leaseFaults[claims] }));
    }
    this.usage.wake();
    const verdict = yes(code, 'The license server has confirmed the license.', claims, this.#settings.offlineGraceMs);
    return this.#conclude({
      ...verdict,
      entitlements: withNumbers(verdict.entitlements, entitlementsOf(body['entitlements'])),
    });
  }

  async #offline(silent: Silent): Promise<Verdict> {
    return this.#conclude(await this.#license.offlineVerdict(silent));
  }

  #conclude(verdict: Verdict, features: readonly string[] = []): Verdict {
    this.#verdict = verdict;
    return demanding(verdict, features);
  }
}

const NO_KEY = no('NO_LICENSE_KEY', 'There is no license key yet.', { mode: 'offline' });
const DEACTIVATED: Outcome = { done: true, code: 'OK', reason: 'This device is no longer active.' };
const IMPOSTOR: Silent = {
  kind: 'silence',
  cause: 'no_answer_of_keyledger',
  reason: 'The answer is not from Keyledger.',
  retryAfterMs: null,
};

const neverSeen = ({ cause, reason }: Silent): Verdict =>
  no('NO_LEASE', reason, { mode: 'offline', offline: { cause, reason } });
