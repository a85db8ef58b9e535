import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Append, draftsOf, ENOUGH, eventsIn, MOST, readingsOf } from './append.ts';
import type { Flusher } from './flusher.ts';

/**
 * Group commit. Appends that arrive during a flush go into the next flush together, so they share the cost of the ordering
 * lock and of a commit. A single append is written immediately. The next flush is decided while the database writes, and is
 * sent as soon as it is full, so neither this process nor the database waits for the other.
 */
export class FlushQueue {
  readonly #queue: Append[] = [];
  /** Flushes in progress: the second is sent behind the first. */
  readonly #flying: Promise<void>[] = [];
  #running: Promise<void> | undefined;

  /** @param renew decides an append again if the state that it was decided on was not committed */
  constructor(
    private readonly flusher: Flusher,
    private readonly renew: (append: Append) => void,
  ) {}

  enqueue(append: Append): void {
    this.#queue.push(append);
    // Commands that arrive in the same turn of the event loop also share the first flush.
    this.#running ??= nextTurn().then(() => this.#run());
  }

  /** Called when there is more to write. A full flush does not wait for the answer of the previous one. */
  grown(): void {
    const [before, ...others] = this.#flying;
    if (before === undefined || others.length > 0 || !this.flusher.goesOn) return;
    const { count, events } = this.#fitting();
    if (events < ENOUGH && count < MOST) return;
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

  /** How many appends go into the next flush, and how many events they have. */
  #fitting(): { readonly count: number; readonly events: number } {
    let [count, events] = [0, 0];
    while (count < MOST && events < ENOUGH) {
      const append = this.#queue[count];
      if (append === undefined) break;
      events += eventsIn(append);
      count += 1;
    }
    return { count, events };
  }
}

/**
 * Orders a decision that reads a stream before the appends of the same flush to that stream, because it was made on the
 * earlier state. If two decisions read each other's streams, no such order exists: the second one waits for the next flush.
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
