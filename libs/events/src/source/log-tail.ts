import type { Bell } from '../bell.ts';
import type { PublishedEvent } from '../event.ts';
import { pause } from '../leader.ts';
import type { LogFilter, LogPage, PublishedLog } from './published-log.ts';

/** Events kept in memory. A reader that is further behind reads the log itself. */
const KEPT = 1_000;
const BATCH = 200;
/** How long one read waits for new events, and the pause after a failed read, in milliseconds. */
const WAIT_MS = 15_000;
const AWAY_MS = 500;

/**
 * The newest events of a log, read once for all followers. It reads only while there are followers. Slow followers do not
 * increase its memory.
 */
export class LogTail {
  readonly #bells = new Set<Bell>();
  #events: PublishedEvent[] = [];
  /** The tail holds the events above `#from`, up to `#head`. */
  #from = Infinity;
  #head = 0;
  #reading: AbortController | undefined;

  constructor(
    readonly log: PublishedLog,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Rings the bell whenever the log grows. @returns a function that stops following */
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

  /** A page above a position. It may hold more events than requested, since events in memory are not filtered again. */
  async read(after: number, limit: number, filter?: LogFilter): Promise<LogPage> {
    return this.#above(after) ?? this.log.read(after, limit, filter);
  }

  #above(position: number): LogPage | undefined {
    // A reader that has read the log directly may also be ahead of the tail.
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
        // The tail was restarted meanwhile, and reads on from another position.
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
