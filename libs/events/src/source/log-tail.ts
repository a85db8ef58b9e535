import type { Bell } from '../bell.ts';
import type { PublishedEvent } from '../event.ts';
import { pause } from '../leader.ts';
import type { LogFilter, LogPage, PublishedLog } from './published-log.ts';

/** Events kept in memory. Who is further behind reads the log itself. */
const KEPT = 1_000;
const BATCH = 200;
/** How long one look waits for something new, and how long after a failed one the next is taken, in milliseconds. */
const WAIT_MS = 15_000;
const AWAY_MS = 500;

/**
 * The newest events of a log, read once for all who follow it, however many. It reads while somebody follows; memory is
 * bounded, whoever follows how slowly.
 */
export class LogTail {
  readonly #bells = new Set<Bell>();
  #events: PublishedEvent[] = [];
  /** The tail holds what lies above `#from`, up to `#head`. */
  #from = Infinity;
  #head = 0;
  #reading: AbortController | undefined;

  constructor(
    readonly log: PublishedLog,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Rings the bell whenever the log has grown. @returns stops following */
  follow(bell: Bell): () => void {
    this.#bells.add(bell);
    if (this.#reading === undefined) {
      this.#reading = new AbortController();
      void this.#read(this.#reading.signal);
    }
    return () => {
      this.#bells.delete(bell);
      if (this.#bells.size > 0) return;
      this.#reading?.abort();
      this.#reading = undefined;
    };
  }

  get service(): string {
    return this.log.service;
  }

  /** A page above a position; it may hold more than was asked for, as what is in memory is not sifted again. */
  async read(after: number, limit: number, filter?: LogFilter): Promise<LogPage> {
    return this.#above(after) ?? this.log.read(after, limit, filter);
  }

  #above(position: number): LogPage | undefined {
    // Who has read the log by themselves may be ahead of it, too.
    if (position < this.#from || position > this.#head) return undefined;
    const start = this.#events.findIndex((event) => event.position > position);
    const events = start === -1 ? [] : this.#events.slice(start, start + BATCH);
    const whole = start === -1 || start + BATCH >= this.#events.length;
    const end = whole ? this.#head : (events.at(-1)?.position ?? position);
    return { events, position: end, head: this.#head };
  }

  async #read(stopping: AbortSignal): Promise<void> {
    this.#from = Infinity;
    while (!stopping.aborted) {
      try {
        if (this.#from === Infinity) this.#begin(await this.log.read(0, 1));
        const page = await this.log.grown(this.#head, BATCH, WAIT_MS, stopping);
        // Who has begun anew meanwhile reads on from another place.
        if (stopping.aborted) return;
        if (page.position > this.#head) this.#append(page);
      } catch (error) {
        if (stopping.aborted) return;
        this.onError(error);
        await pause(AWAY_MS, stopping);
      }
    }
  }

  #begin({ head }: LogPage): void {
    this.#events = [];
    this.#from = this.#head = head;
    this.#ring();
  }

  #append({ events, position }: LogPage): void {
    this.#events.push(...events);
    this.#head = position;
    if (this.#events.length > KEPT) {
      const gone = this.#events.splice(0, this.#events.length - KEPT);
      this.#from = gone.at(-1)?.position ?? this.#from;
    }
    this.#ring();
  }

  #ring(): void {
    for (const bell of this.#bells) bell.ring();
  }
}
