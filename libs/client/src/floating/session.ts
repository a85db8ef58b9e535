import type { KnownLicense } from '../license.ts';
import type { Settings } from '../options.ts';
import type { Outcome } from '../outcome.ts';
import { backOff, Deadline, pauseUntil } from '../pause.ts';
import type { CallOptions, Refused, Reply, Silent, Transport } from '../transport.ts';

/**
 * - `active`: the session is checked out.
 * - `waiting`: it has expired or was never checked out; the server cannot be reached and is tried again.
 * - `refused`: the server refused it, and it has ended. `code` and `details` say why.
 * - `closed`: it was checked in.
 */
export type SessionState = 'active' | 'waiting' | 'refused' | 'closed';

export interface SessionOptions extends CallOptions {
  /** Shown to administrators, e.g. the host name. */
  readonly label?: string | undefined;
  /** Borrows the session until this time, to work offline. The server has a limit. */
  readonly borrowUntil?: Date | undefined;
  /** Called after every change of `state`. */
  readonly onChange?: ((session: FloatingSession) => void) | undefined;
}

/** Longest pause between tries to reach the server, in milliseconds. */
const LONGEST_PAUSE = 30_000;

/** A session of a floating license. Heartbeats keep it alive until it is closed. */
export class FloatingSession {
  /** Reason of the state: `OK`, `OFFLINE`, or the server's code. */
  code = 'OFFLINE';
  reason = 'The license server has not been asked yet.';
  /** Details of a refusal, e.g. `next_expires_at`: when the next session expires. */
  details: Readonly<Record<string, unknown>> = {};
  activeSessions: number | null = null;
  maxSessions: number | null = null;
  #state: SessionState = 'waiting';
  #id: string | undefined;
  #expiry: Deadline;
  #nextBeat: Deadline;
  #failures = 0;
  readonly #end = new AbortController();
  #beating: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly transport: Transport,
    private readonly license: KnownLicense,
    private readonly options: SessionOptions,
  ) {
    this.#expiry = this.#nextBeat = this.#in(0);
  }

  get state(): SessionState {
    return this.#state === 'active' && this.#expiry.left <= 0 ? 'waiting' : this.#state;
  }

  /** Whether the program may run now. */
  get active(): boolean {
    return this.state === 'active';
  }

  get id(): string | undefined {
    return this.#id;
  }

  /** When the session expires without another heartbeat, by this device's clock; null without a session. */
  get expiresAt(): Date | null {
    return this.#id === undefined ? null : new Date(this.#expiry.at);
  }

  /** Aborted when the session has ended for good: refused or closed. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** Checks the session out and starts its heartbeats. @throws LicenseError ABORTED */
  async begin(): Promise<void> {
    if (this.license.key === null) {
      return this.#refuse({ code: 'NO_LICENSE_KEY', reason: 'There is no license key yet.', details: {} });
    }
    await this.#checkOut(this.options.signal);
    this.#beating = this.#keepAlive();
  }

  /** Checks the session in. Offline, the session expires by itself. */
  async close({ signal }: CallOptions = {}): Promise<Outcome> {
    const { key } = this.license;
    this.#end.abort();
    await this.#beating;
    const id = this.#id;
    this.#id = undefined;
    if (this.#state !== 'refused') this.#become('closed', 'CLOSED', 'The session was checked in.');
    if (id === undefined || key === null)
      return { done: true, code: 'OK', reason: 'There was no session to check in.' };
    const reply = await this.transport.post(
      '/license/floating/checkin',
      { license_key: key, session_id: id },
      { signal, keepalive: true },
    );
    if (reply.kind === 'answer') return { done: true, code: 'OK', reason: 'The session was checked in.' };
    if (reply.kind === 'silence') return { done: false, code: 'OFFLINE', reason: reply.reason };
    return { done: reply.status === 404 || reply.code === 'SESSION_EXPIRED', code: reply.code, reason: reply.reason };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await pauseUntil(this.#nextBeat, signal);
      if (!signal.aborted) await this.#beat();
    }
  }

  /** Reports every error to `onError` and never throws: its promise is only awaited when the session is closed. */
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
    const left = end - (serverTime ?? this.license.clock.now());
    this.#id = session_id;
    this.#expiry = this.#in(left);
    this.#failures = 0;
    // Early enough that several heartbeats may be lost, and at a random moment, so that devices do not beat together.
    this.#nextBeat = this.#in(left * (0.25 + Math.random() * 0.15));
    this.activeSessions = typeof active_sessions === 'number' ? active_sessions : null;
    this.maxSessions = typeof max_sessions === 'number' ? max_sessions : null;
    const { key } = this.license;
    if (typeof token === 'string' && key !== null) await this.license.accept(token, key, serverTime, {});
    this.#become('active', 'OK', 'The session is checked out.');
  }

  /** The server did not answer. A session that is checked out stays active until it expires. */
  #miss({ reason, retryAfterMs }: Silent): void {
    this.#later(retryAfterMs);
    this.#become(this.state === 'active' ? 'active' : 'waiting', 'OFFLINE', reason);
  }

  #later(retryAfterMs: number | null): void {
    this.#failures += 1;
    this.#nextBeat = this.#in(backOff(this.#failures, retryAfterMs, LONGEST_PAUSE));
  }

  #refuse({ code, reason, details }: Pick<Refused, 'code' | 'reason' | 'details'>): void {
    this.#id = undefined;
    this.details = details;
    this.#end.abort();
    this.#become('refused', code, reason);
  }

  #in(ms: number): Deadline {
    return new Deadline(ms, this.settings.now);
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
  reason: 'The answer is not a session of Keyledger.',
  retryAfterMs: null,
};
