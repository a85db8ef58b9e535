import type { Claimed } from './claims.ts';

/** How many rounds of deliveries a lane holds ready, so that sending never waits for claiming. */
const ROUNDS = 4;

/**
 * One endpoint's share of the sender: what has been claimed for it and what is being sent. No lane waits for another, so an
 * endpoint that is slow, dead or flooded is so by itself.
 */
export class Lane {
  readonly #ready = new Map<string, Claimed>();
  readonly #sending = new Set<string>();
  /** There may be more to claim. */
  hungry = true;

  constructor(private readonly concurrency: number) {}

  /** How many deliveries are to be claimed now; 0 while enough are held, so that each claim is worth its trip. */
  get room(): number {
    if (!this.hungry || this.#ready.size >= this.concurrency) return 0;
    return this.concurrency * ROUNDS - this.#ready.size;
  }

  get idle(): boolean {
    return !this.hungry && this.#ready.size === 0 && this.#sending.size === 0;
  }

  /** A claim that ran out while it was held may be given to us again: that is no second delivery. */
  add(claimed: Claimed): void {
    if (!this.#sending.has(claimed.id)) this.#ready.set(claimed.id, claimed);
  }

  /** The next to send, if there is one and a place for it. The place is taken until `done`. */
  next(): Claimed | undefined {
    if (this.#sending.size >= this.concurrency) return undefined;
    for (const [id, claimed] of this.#ready) {
      this.#ready.delete(id);
      this.#sending.add(id);
      return claimed;
    }
    return undefined;
  }

  /** The attempt and what came of it are over and done with. */
  done({ id }: Claimed): void {
    this.#sending.delete(id);
  }

  /** Gives up what is ready. @returns its ids */
  clear(): string[] {
    const ids = [...this.#ready.keys()];
    this.#ready.clear();
    return ids;
  }
}
