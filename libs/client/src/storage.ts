/**
 * Where the licence, its lease and records of usage are kept between runs. `set` and `delete` have happened when their
 * promise is fulfilled, wholly or not at all, also when the process is killed in the middle.
 */
export interface KeyValueStorage {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  /** Keys that start with `prefix`, in ascending order. */
  keys(prefix: string): Promise<readonly string[]>;
}

/** Forgets everything with the process: nothing works offline after a restart. */
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

/** The part of the browser's `Storage` that is used. */
export interface WebStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * The browser's `localStorage`, or one like it. Tabs of one origin share it, and the licence with it.
 * @param prefix keeps our keys apart from the page's own
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
