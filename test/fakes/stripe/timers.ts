interface Timer {
  readonly key: string;
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** What happens by itself at a time (unix seconds), in the order of these times: a binary heap, canceled by key. */
export class Timers {
  readonly #heap: Timer[] = [];
  readonly #current = new Map<string, Timer>();
  #order = 0;

  /** Replaces the timer of the same key. */
  set(key: string, at: number, run: () => void): void {
    const timer = { key, at, order: this.#order++, run };
    this.#current.set(key, timer);
    this.#heap.push(timer);
    let index = this.#heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(timer, this.#at(parent))) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  cancel(key: string): void {
    this.#current.delete(key);
  }

  /** Whether something is due at that time. */
  isDue(until: number): boolean {
    for (const { at } of this.#current.values()) if (at <= until) return true;
    return false;
  }

  /** Takes out the next timer that is due at that time. */
  due(until: number): Timer | undefined {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) return undefined;
      this.#pop();
      if (this.#current.get(next.key) !== next) continue;
      this.#current.delete(next.key);
      return next;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && before(this.#at(right), this.#at(left)) ? right : left;
      if (!before(this.#at(child), this.#at(index))) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #at(index: number): Timer {
    const timer = this.#heap[index];
    if (timer === undefined) throw new Error(`no timer ${index}`);
    return timer;
  }

  #swap(a: number, b: number): void {
    const kept = this.#at(a);
    this.#heap[a] = this.#at(b);
    this.#heap[b] = kept;
  }
}
