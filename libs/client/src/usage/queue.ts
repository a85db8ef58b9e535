import { LicenseError } from '../errors.ts';
import type { KnownLicense } from '../license.ts';
import type { Settings } from '../options.ts';
import { backOff, pauseUntil } from '../pause.ts';
import type { CallOptions, Transport } from '../transport.ts';
import { Backlog } from './backlog.ts';
import { sendBatch } from './send.ts';
import { checkUsage } from './record.ts';

export interface RecordOptions {
  /** Kept with the record; at most 16 KiB of JSON. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** When it was used, where that is not now. */
  readonly timestamp?: Date | undefined;
}

/** How a round of sending ended. */
export interface Flushed {
  /** Records that the server has counted. */
  readonly sent: number;
  /** Records that it refused for good, each told of to `onUsageRefused`. */
  readonly refused: number;
  /** Records that are still kept. */
  readonly pending: number;
  /** `OK`, `OFFLINE`, or the server's code for why the rest is not taken now, e.g. `LICENSE_SUSPENDED`. */
  readonly code: string;
  /** How long the server asks to be left alone, in milliseconds; null when it does not. */
  readonly retryAfterMs: number | null;
}

/** Records that come shortly after each other go out together. */
const GATHER_MS = 500;
/** Longest pause between tries. */
const LONGEST_PAUSE = 5 * 60_000;

/**
 * What is used, counted once: a record is kept before it is sent and until the server has confirmed it, and sent under one
 * idempotency key however often, so neither a crash nor a lost answer loses it or counts it twice.
 */
export class UsageQueue {
  readonly #backlog: Backlog;
  readonly #end = new AbortController();
  #pending: number | undefined;
  #turn: Promise<void> = Promise.resolve();
  #asked = false;
  #working = false;
  #background: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly transport: Transport,
    private readonly license: KnownLicense,
  ) {
    this.#backlog = new Backlog(settings.storage);
  }

  /**
   * Keeps a record; it is sent in the background.
   * @param quantity an integer from 1
   * @returns its idempotency key, once it is kept
   * @throws LicenseError INVALID_RECORD, NO_LICENSE_KEY, CLOSED, QUEUE_FULL, STORAGE_FAILED: then it is not kept
   */
  async record(feature: string, quantity = 1, { metadata, timestamp }: RecordOptions = {}): Promise<string> {
    checkUsage({ feature, quantity, metadata });
    await this.license.load();
    const { key, clock } = this.license;
    if (key === null) throw new LicenseError('NO_LICENSE_KEY', 'There is no license to count usage for.');
    if (this.#end.signal.aborted) throw new LicenseError('CLOSED', 'The client has been closed.');
    const idempotency_key = crypto.randomUUID();
    const usage = {
      idempotency_key,
      license_key: key,
      feature,
      quantity,
      timestamp: (timestamp ?? new Date(clock.now())).toISOString(),
      ...(metadata === undefined ? {} : { metadata }),
    };
    const pending = await this.#count();
    if (pending >= this.settings.maxQueuedUsage) {
      throw new LicenseError('QUEUE_FULL', `${pending} records of usage wait for the license server already.`);
    }
    this.#pending = (this.#pending ?? pending) + 1;
    try {
      await this.#backlog.add(usage, this.settings.now());
    } catch (error) {
      this.#pending -= 1;
      throw new LicenseError('STORAGE_FAILED', 'The record of usage could not be kept.', { cause: error });
    }
    this.wake();
    return idempotency_key;
  }

  /** Sends what is kept, until nothing is left or the server does not take more. @throws LicenseError STORAGE_FAILED, ABORTED */
  async flush({ signal }: CallOptions = {}): Promise<Flushed> {
    // One round at a time: what was recorded while another ran may not be in that.
    const round = this.#turn.then(() => this.#round(signal));
    this.#turn = round.then(
      () => undefined,
      () => undefined,
    );
    return round;
  }

  /** Sends in the background, if there is anything to send: also what an earlier run left. */
  wake(): void {
    this.#asked = true;
    if (this.#working || this.#end.signal.aborted) return;
    this.#working = true;
    this.#background = this.#work();
  }

  async close(): Promise<void> {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    await this.#background;
    try {
      await this.flush({ signal: AbortSignal.timeout(this.settings.timeoutMs) });
    } catch (error) {
      if (!(error instanceof LicenseError && error.code === 'ABORTED')) this.settings.onError(error);
    }
  }

  /** @returns when nothing is left to send, or the queue is closed; having told of what went wrong */
  async #work(): Promise<void> {
    const { signal } = this.#end;
    const { now, onError } = this.settings;
    let pause = GATHER_MS;
    let failures = 0;
    for (;;) {
      await pauseUntil(now() + pause, now, signal);
      if (signal.aborted) break;
      this.#asked = false;
      try {
        const { pending, retryAfterMs } = await this.flush();
        // What was recorded while this was on its way has asked for another round.
        if (pending === 0 && !this.#asked) break;
        failures = pending === 0 ? 0 : failures + 1;
        pause = pending === 0 ? GATHER_MS : backOff(failures, retryAfterMs, LONGEST_PAUSE);
      } catch (error) {
        onError(error);
        break;
      }
    }
    this.#working = false;
  }

  /** Licences that are not served now do not hold up the records of others, such as the one that came after. */
  async #round(signal: AbortSignal | undefined): Promise<Flushed> {
    const waiting = new Set<string>();
    let [sent, refused, code] = [0, 0, 'OK'];
    for (;;) {
      const batch = await this.#kept(() => this.#backlog.batch(waiting));
      const [first] = batch;
      if (first === undefined) return { sent, refused, code, pending: await this.#recount(), retryAfterMs: null };
      const result = await sendBatch(this.transport, batch, signal);
      await this.#kept(() => this.#backlog.remove([...result.counted, ...result.refused.map(({ record }) => record)]));
      sent += result.counted.length;
      refused += result.refused.length;
      for (const { record, code, reason } of result.refused) this.settings.onUsageRefused(record.usage, code, reason);
      if (result.stopped === undefined) continue;
      code = result.stopped.code;
      const { retryAfterMs } = result.stopped;
      if (code === 'OFFLINE') return { sent, refused, code, pending: await this.#recount(), retryAfterMs };
      waiting.add(first.usage.license_key);
    }
  }

  async #recount(): Promise<number> {
    return (this.#pending = (await this.#kept(() => this.#backlog.keys())).length);
  }

  async #count(): Promise<number> {
    return this.#pending ?? this.#recount();
  }

  async #kept<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new LicenseError('STORAGE_FAILED', 'Records of usage could not be read or put away.', { cause: error });
    }
  }
}
