import { LicenseError } from '../errors.ts';
import type { KnownLicense } from '../license.ts';
import type { Settings } from '../options.ts';
import { backOff, Deadline, pauseUntil } from '../pause.ts';
import type { CallOptions, Transport } from '../transport.ts';
import { Backlog } from './backlog.ts';
import { sendBatch } from './send.ts';
import { checkUsage } from './record.ts';

export interface RecordOptions {
  /** Stored with the record; at most 16 KiB of JSON. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** When it was used. Default: now. */
  readonly timestamp?: Date | undefined;
}

/** Result of sending. */
export interface Flushed {
  /** Records that the server has counted. */
  readonly sent: number;
  /** Records that it refused for good; each was passed to `onUsageRefused`. */
  readonly refused: number;
  /** Records that are still in the storage. */
  readonly pending: number;
  /** `OK`, `OFFLINE`, or the server's reason for not taking the rest now, e.g. `LICENSE_SUSPENDED`. */
  readonly code: string;
  /** How long the server asks to wait, in milliseconds; null when it does not ask. */
  readonly retryAfterMs: number | null;
}

/** Records of this many milliseconds are sent together. */
const GATHER_MS = 500;
/** Longest pause between tries, in milliseconds. */
const LONGEST_PAUSE = 5 * 60_000;

/**
 * Counts usage once. A record is stored before it is sent and until the server has confirmed it, and is always sent under the
 * same idempotency key: neither a crash nor a lost answer loses it or counts it twice.
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
   * Stores a record and sends it in the background.
   * @param quantity an integer from 1
   * @returns its idempotency key, once it is stored
   * @throws LicenseError INVALID_RECORD, NO_LICENSE_KEY, CLOSED, QUEUE_FULL, STORAGE_FAILED: then it is not stored
   */
  async record(feature: string, quantity = 1, { metadata, timestamp }: RecordOptions = {}): Promise<string> {
    checkUsage({ feature, quantity, metadata });
    await this.license.load();
    const { key, clock } = this.license;
    if (key === null) throw new LicenseError('NO_LICENSE_KEY', 'There is no license key to count usage for.');
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
      throw new LicenseError('QUEUE_FULL', `${pending} usage records already wait for the license server.`);
    }
    this.#pending = (this.#pending ?? pending) + 1;
    try {
      await this.#backlog.add(usage, this.settings.now());
    } catch (error) {
      this.#pending -= 1;
      throw new LicenseError('STORAGE_FAILED', 'The usage record could not be stored.', { cause: error });
    }
    this.wake();
    return idempotency_key;
  }

  /** Sends stored records until none is left or the server does not take more. @throws LicenseError STORAGE_FAILED, ABORTED */
  async flush({ signal }: CallOptions = {}): Promise<Flushed> {
    // One round at a time. A record that was added during another round may not be in that round.
    const round = this.#turn.then(() => this.#round(signal));
    this.#turn = round.then(
      () => undefined,
      () => undefined,
    );
    return round;
  }

  /** Sends stored records in the background, including those of earlier runs. */
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

  /** Sends until no record is left or the queue is closed. Reports errors to `onError` and never throws. */
  async #work(): Promise<void> {
    const { signal } = this.#end;
    const { now, onError } = this.settings;
    let pause = GATHER_MS;
    let failures = 0;
    for (;;) {
      await pauseUntil(new Deadline(pause, now), signal);
      if (signal.aborted) break;
      this.#asked = false;
      try {
        const { pending, retryAfterMs } = await this.flush();
        // A record that was added during this round asks for another round.
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

  /** A license that is refused now, e.g. a suspended one, does not delay the records of other licenses. */
  async #round(signal: AbortSignal | undefined): Promise<Flushed> {
    const waiting = new Set<string>();
    let [sent, refused, code] = [0, 0, 'OK'];
    for (;;) {
      const batch = await this.#stored(() => this.#backlog.batch(waiting));
      const [first] = batch;
      if (first === undefined) return { sent, refused, code, pending: await this.#recount(), retryAfterMs: null };
      const result = await sendBatch(this.transport, batch, signal);
      await this.#stored(() =>
        this.#backlog.remove([...result.counted, ...result.refused.map(({ record }) => record)]),
      );
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
    return (this.#pending = (await this.#stored(() => this.#backlog.keys())).length);
  }

  async #count(): Promise<number> {
    return this.#pending ?? this.#recount();
  }

  async #stored<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new LicenseError('STORAGE_FAILED', 'Usage records could not be read or deleted.', { cause: error });
    }
  }
}
