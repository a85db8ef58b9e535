import type { KnownLicense } from '../license.ts';
import type { Settings } from '../options.ts';
import type { Outcome } from '../outcome.ts';
import { backOff, pauseUntil } from '../pause.ts';
import type { CallOptions, Refused, Reply, Silent, Transport } from '../transport.ts';

/**
 * - `active`: a session is held.
 * - `waiting`: it is not known to be held any more, or has never been: the server is out of reach, and tried again.
 * - `refused`: the server has decided against it; this session has ended. `code` and `details` say why.
 * - `closed`: it was given back.
 */
export type SessionState = 'active' | 'waiting' | 'refused' | 'closed';

export interface SessionOptions extends CallOptions {
  /** What administrators see this session as. */
  readonly label?: string | undefined;
  /** Borrows the session until then, to work offline; the server says for how long at most. */
  readonly borrowUntil?: Date | undefined;
  /** Called after every change of `state`. */
  readonly onChange?: ((session: FloatingSession) => void) | undefined;
}

/** Longest pause between tries to reach the server. */
const LONGEST_PAUSE = 30_000;

/** One of the sessions of a floating licence, kept alive by heartbeats until it is closed. */
export class FloatingSession {
  /** Why it is as it is: `OK`, `OFFLINE`, or the server's code. */
  code = 'OFFLINE';
  reason = 'The license server has not been asked yet.';
  /** More of a refusal, e.g. when the next session is due to end. */
  details: Readonly<Record<string, unknown>> = {};
  activeSessions: number | null = null;
  maxSessions: number | null = null;
  #state: SessionState = 'waiting';
  #id: string | undefined;
  /** By this device's clock. */
  #expiresAt = 0;
  #nextBeat = 0;
  #failures = 0;
  readonly #end = new AbortController();
  #beating: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly transport: Transport,
    private readonly license: KnownLicense,
    private readonly options: SessionOptions,
  ) {}

  get state(): SessionState {
    return this.#state === 'active' && this.settings.now() >= this.#expiresAt ? 'waiting' : this.#state;
  }

  /** Whether the program may run on it now. */
  get active(): boolean {
    return this.state === 'active';
  }

  get id(): string | undefined {
    return this.#id;
  }

  /** When the session ends, by this device's clock, if the server is not heard of again. */
  get expiresAt(): Date | null {
    return this.#id === undefined ? null : new Date(this.#expiresAt);
  }

  /** Aborted when the session is over for good, refused or closed. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** Checks out; from then on the session keeps itself alive. @throws LicenseError ABORTED */
  async begin(): Promise<void> {
    if (this.license.key === null) {
      return this.#refuse({ code: 'NO_LICENSE_KEY', reason: 'There is no license key yet.', details: {} });
    }
    await this.#checkOut(this.options.signal);
    this.#beating = this.#keepAlive();
  }

  /** Gives the session back. Offline it ends by itself when its time has run out. */
  async close({ signal }: CallOptions = {}): Promise<Outcome> {
    const { key } = this.license;
    this.#end.abort();
    await this.#beating;
    const id = this.#id;
    this.#id = undefined;
    if (this.#state !== 'refused') this.#become('closed', 'CLOSED', 'The session was given back.');
    if (id === undefined || key === null) return { done: true, code: 'OK', reason: 'There was nothing to give back.' };
    const reply = await this.transport.post(
      '/license/floating/checkin',
      { license_key: key, session_id: id },
      { signal, keepalive: true },
    );
    if (reply.kind === 'answer') return { done: true, code: 'OK', reason: 'The session was given back.' };
    if (reply.kind === 'silence') return { done: false, code: 'OFFLINE', reason: reply.reason };
    return { done: reply.status === 404 || reply.code === 'SESSION_EXPIRED', code: reply.code, reason: reply.reason };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await pauseUntil(this.#nextBeat, this.settings.now, signal);
      if (!signal.aborted) await this.#beat();
    }
  }

  /** @returns having told of what went wrong, whatever it was: nobody waits for this promise until the session is closed */
  async #beat(): Promise<void> {
    try {
      if (this.#id === undefined) await this.#checkOut();
      else await this.#renew(this.#id);
    } catch (error) {
      this.settings.onError(error);
      this.#later(null);
    }
  }

  async #checkOut(signal?: AbortSignal): Promise<void> {
    const { label, borrowUntil } = this.options;
    const reply = await this.transport.post(
      '/license/floating/checkout',
      {
        license_key: this.license.key ?? '',
        identifier: this.license.identifier,
        ...(label === undefined ? {} : { label }),
        ...(borrowUntil === undefined ? {} : { borrow_until: borrowUntil.toISOString() }),
      },
      { signal },
    );
    if (reply.kind === 'refusal') this.#refuse(reply);
    else if (reply.kind === 'silence') this.#miss(reply);
    else await this.#hold(reply);
  }

  async #renew(id: string): Promise<void> {
    const request = { license_key: this.license.key ?? '', session_id: id };
    const reply = await this.transport.post('/license/floating/heartbeat', request);
    if (reply.kind === 'answer') return this.#hold(reply);
    if (reply.kind === 'silence') return this.#miss(reply);
    const lost = reply.code === 'SESSION_EXPIRED' || (reply.status === 404 && reply.code !== 'LICENSE_NOT_FOUND');
    if (!lost) return this.#refuse(reply);
    this.#id = undefined;
    await this.#checkOut();
  }

  async #hold({ body, serverTime }: Extract<Reply, { kind: 'answer' }>): Promise<void> {
    const { session_id, expires_at, active_sessions, max_sessions, token } = body;
    const end = Date.parse(String(expires_at));
    if (typeof session_id !== 'string' || Number.isNaN(end)) return this.#miss(NO_SESSION);
    const { now } = this.settings;
    const left = end - (serverTime ?? this.license.clock.now());
    this.#id = session_id;
    this.#expiresAt = now() + left;
    this.#failures = 0;
    // Well before the end, so that several heartbeats may be lost, and not at the same moment on every device.
    this.#nextBeat = now() + left * (0.25 + Math.random() * 0.15);
    this.activeSessions = typeof active_sessions === 'number' ? active_sessions : null;
    this.maxSessions = typeof max_sessions === 'number' ? max_sessions : null;
    const { key } = this.license;
    if (typeof token === 'string' && key !== null) await this.license.accept(token, key, serverTime, {});
    this.#become('active', 'OK', 'A session is held.');
  }

  /** Nothing was heard. A session that is held is held until its end. */
  #miss({ reason, retryAfterMs }: Silent): void {
    this.#later(retryAfterMs);
    this.#become(this.state === 'active' ? 'active' : 'waiting', 'OFFLINE', reason);
  }

  #later(retryAfterMs: number | null): void {
    this.#failures += 1;
    this.#nextBeat = this.settings.now() + backOff(this.#failures, retryAfterMs, LONGEST_PAUSE);
  }

  #refuse({ code, reason, details }: Pick<Refused, 'code' | 'reason' | 'details'>): void {
    this.#id = undefined;
    this.details = details;
    this.#end.abort();
    this.#become('refused', code, reason);
  }

  #become(state: SessionState, code: string, reason: string): void {
    const changed = state !== this.#state;
    this.#state = state;
    this.code = code;
    this.reason = reason;
    if (changed) this.options.onChange?.(this);
  }
}

const NO_SESSION: Silent = {
  kind: 'silence',
  cause: 'no_answer_of_keyledger',
  reason: 'The answer is no session of Keyledger.',
  retryAfterMs: null,
};
