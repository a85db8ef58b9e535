import type { Held } from './claimed.ts';

/** The deliveries that are ours, and until when, by the clock of this process, which starts before that of the database. */
export class Holdings {
  readonly #held = new Map<string, { readonly day: number; readonly until: number }>();

  /** @param lease for how long a claim is good, in milliseconds */
  constructor(private readonly lease: number) {}

  get size(): number {
    return this.#held.size;
  }

  /** @param asked when the claim was asked for (`performance.now()`) */
  add({ id, day }: Held, asked: number): void {
    this.#held.set(id, { day, until: asked + this.lease });
  }

  /** Whether it is ours for certain. */
  has(id: string): boolean {
    return (this.#held.get(id)?.until ?? 0) > performance.now();
  }

  delete(id: string): void {
    this.#held.delete(id);
  }

  /** Makes those that have lasted for a while last longer. @param renew tells which of them are ours still */
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
