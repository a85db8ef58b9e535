import type { Held } from './claimed.ts';

/**
 * The deliveries that this process has claimed, and until when. The time counts from before the claim was sent, by this process's clock,
 * so a lease ends here before it ends in the database.
 */
export class Leases {
  readonly #held = new Map<string, { readonly day: number; readonly until: number }>();

  /** @param lease how long a claim is valid, in milliseconds */
  constructor(private readonly lease: number) {}

  get size(): number {
    return this.#held.size;
  }

  /** @param asked when the claim was sent (`performance.now()`) */
  add({ id, day }: Held, asked: number): void {
    this.#held.set(id, { day, until: asked + this.lease });
  }

  /** Whether the claim is still valid. */
  has(id: string): boolean {
    return (this.#held.get(id)?.until ?? 0) > performance.now();
  }

  delete(id: string): void {
    this.#held.delete(id);
  }

  /** Renews claims that have used up a third of their lease. @param renew extends them in the database, and returns the ids still held */
  async renew(renew: (aging: readonly Held[]) => Promise<ReadonlySet<string>>): Promise<void> {
    const now = performance.now();
    const aging = [...this.#held].flatMap(([id, { day, until }]) =>
      until - now < (this.lease * 2) / 3 ? [{ id, day }] : [],
    );
    if (aging.length === 0) return;
    const ours = await renew(aging);
    for (const { id, day } of aging) {
      if (this.#held.has(id)) this.#held.set(id, { day, until: ours.has(id) ? now + this.lease : 0 });
    }
  }
}
