import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Append, draftsOf, ENOUGH, eventsIn, readingsOf } from './append.ts';
import type { Flusher } from './flusher.ts';

/** Appends in one transaction at most. */
const BATCH = 200;

/**
 * Group commit. What arrives while a flush is under way goes into the next one together, so the cost of taking the ordering lock
 * and of a commit is shared. A lone append goes straight through. The next one is decided meanwhile, and once it is full it is
 * sent: so this process decides while the database writes, and neither waits for the other.
 */
export class FlushQueue {
  readonly #queue: Append[] = [];
  /** Flushes under way: the second goes behind the first. */
  readonly #flying: Promise<void>[] = [];
  #running: Promise<void> | undefined;

  /** @param renew decides an append anew when what it was decided upon has come out otherwise */
  constructor(
    private readonly flusher: Flusher,
    private readonly renew: (append: Append) => void,
  ) {}

  enqueue(append: Append): void {
    this.#queue.push(append);
    // Commands that arrive in the same turn of the event loop share the first flush, too.
    this.#running ??= nextTurn().then(() => this.#run());
  }

  /** There is more to be written than there was. A full flush does not wait for the answer of the one before it. */
  grown(): void {
    const [before, ...others] = this.#flying;
    if (before === undefined || others.length > 0 || !this.flusher.goesOn) return;
    const { count, events } = this.#fitting();
    if (events < ENOUGH) return;
    const batch = this.#take(count);
    this.#flying.push(this.flusher.follow(batch, before));
  }

  /** Resolves when everything enqueued has been answered. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      this.#flying.push(this.flusher.flush(this.#take(this.#fitting().count)));
      while (this.#flying.length > 0) {
        await this.#flying[0];
        void this.#flying.shift();
        this.grown();
      }
    }
    this.#running = undefined;
  }

  #take(count: number): readonly Append[] {
    const appends = this.#queue.splice(0, count);
    for (const append of appends) this.renew(append);
    const { batch, next } = inOrderOfReading(appends);
    this.#queue.unshift(...next);
    for (const append of batch) append.taken = true;
    return batch;
  }

  /** How many appends the next flush takes, with how many events. */
  #fitting(): { readonly count: number; readonly events: number } {
    let [count, events] = [0, 0];
    while (count < BATCH && events < ENOUGH) {
      const append = this.#queue[count];
      if (append === undefined) break;
      events += eventsIn(append);
      count += 1;
    }
    return { count, events };
  }
}

/**
 * A decision that reads a stream comes before what the same flush writes to that stream: it was made upon what was there
 * before. What two decisions read of each other cannot be so for both; the second waits for the next flush.
 */
const inOrderOfReading = (appends: readonly Append[]): { batch: readonly Append[]; next: readonly Append[] } => {
  const all = appends.map((append) => ({ append, readings: readingsOf(append) }));
  const [reading, others] = [
    all.filter(({ readings }) => readings.length > 0),
    all.filter(({ readings }) => readings.length === 0),
  ];
  if (reading.length === 0) return { batch: appends, next: [] };
  const batch: Append[] = [];
  const next: Append[] = [];
  const written = new Set<string>();
  for (const { append, readings } of [...reading, ...others]) {
    if (readings.some(({ id }) => written.has(id))) {
      next.push(append);
      continue;
    }
    batch.push(append);
    if (draftsOf(append).length > 0) written.add(append.slot.id);
  }
  return { batch, next };
};
