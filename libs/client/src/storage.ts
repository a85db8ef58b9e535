/**
 * Stores the license, its lease and usage records between runs. `set` and `delete` are done when their promise is fulfilled, and
 * are atomic: a process that is killed in the middle leaves the old or the new value.
 */
export interface KeyValueStorage {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  /** Keys that start with `prefix`, in ascending order. */
  keys(prefix: string): Promise<readonly string[]>;
}

/** Memory only: nothing works offline after a restart. */
export const memoryStorage = (): KeyValueStorage => {
  const kept = new Map<string, string>();
  return {
    get: async (key) => kept.get(key),
    set: async (key, value) => {
      kept.set(key, value);
    },
    delete: async (key) => {
      kept.delete(key);
    },
    keys: async (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
};

/** The part of the browser's `Storage` that this library uses. */
export interface WebStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * The browser's `localStorage` or a similar area. Tabs of one origin share it, and so the license.
 * @param prefix separates the keys of this library from others of the page
 */
export const webStorage = (
  area: WebStorage = (globalThis as unknown as { localStorage: WebStorage }).localStorage,
  prefix = 'keyledger:',
): KeyValueStorage => ({
  get: async (key) => area.getItem(prefix + key) ?? undefined,
  set: async (key, value) => area.setItem(prefix + key, value),
  delete: async (key) => area.removeItem(prefix + key),
  keys: async (start) =>
    Array.from({ length: area.length }, (_, index) => area.key(index) ?? '')
      .filter((key) => key.startsWith(prefix + start))
      .map((key) => key.slice(prefix.length))
      .sort(),
});
