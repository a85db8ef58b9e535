/** Objects in the order of their creation, found by id, and by the keys that `keysOf` gives. */
export class Collection<T extends { readonly id: string }> {
  readonly #items: (T | undefined)[] = [];
  readonly #positions = new Map<string, number>();
  readonly #groups = new Map<string, T[]>();

  constructor(private readonly keysOf: (item: T) => readonly (string | null)[] = () => []) {}

  get size(): number {
    return this.#positions.size;
  }

  add(item: T): T {
    this.#positions.set(item.id, this.#items.push(item) - 1);
    for (const key of this.keysOf(item)) {
      if (key === null) continue;
      const group = this.#groups.get(key);
      if (group === undefined) this.#groups.set(key, [item]);
      else group.push(item);
    }
    return item;
  }

  get(id: string): T | undefined {
    const position = this.#positions.get(id);
    return position === undefined ? undefined : this.#items[position];
  }

  remove(id: string): void {
    const position = this.#positions.get(id);
    const item = this.get(id);
    if (position === undefined || item === undefined) return;
    this.#items[position] = undefined;
    this.#positions.delete(id);
    for (const key of this.keysOf(item)) {
      const group = key === null ? undefined : this.#groups.get(key);
      if (group !== undefined) group.splice(group.indexOf(item), 1);
    }
  }

  /** Puts an object under its new keys after one of them changed. */
  reindex(item: T, before: readonly (string | null)[]): void {
    for (const key of before) {
      const group = key === null ? undefined : this.#groups.get(key);
      if (group?.includes(item)) group.splice(group.indexOf(item), 1);
    }
    for (const key of this.keysOf(item))
      if (key !== null) this.#groups.set(key, [...(this.#groups.get(key) ?? []), item]);
  }

  /** Objects of a key, oldest first. */
  of(key: string): readonly T[] {
    return this.#groups.get(key) ?? [];
  }

  /** All objects, oldest first. */
  *all(): Generator<T> {
    for (const item of this.#items) if (item !== undefined) yield item;
  }

  /** From an object on (it excluded), newest first or oldest first; of one key only if it is given. */
  *from(id: string | undefined, direction: 'older' | 'newer', key?: string): Generator<T> {
    const items = key === undefined ? this.#items : (this.#groups.get(key) ?? []);
    const step = direction === 'older' ? -1 : 1;
    const start = id === undefined ? (step < 0 ? items.length : -1) : this.#positionOf(id, items);
    for (let at = start + step; at >= 0 && at < items.length; at += step) {
      const item = items[at];
      if (item !== undefined) yield item;
    }
  }

  #positionOf(id: string, items: readonly (T | undefined)[]): number {
    const position = items === this.#items ? this.#positions.get(id) : items.findIndex((item) => item?.id === id);
    return position === undefined || position < 0 ? items.length : position;
  }

  /** Forgets the oldest objects until only so many are left. */
  trim(most: number): void {
    while (this.#positions.size > most) {
      const [oldest] = this.#positions.keys();
      if (oldest === undefined) return;
      this.remove(oldest);
    }
  }
}
