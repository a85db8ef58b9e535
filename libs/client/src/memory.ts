import { asObject } from './bytes.ts';
import type { ClockMemory } from './clock.ts';
import { jwksKeys, type PublicJwk } from './keys.ts';
import type { KeyValueStorage } from './storage.ts';

/** What the server has decided against the licence. It stands until the server decides otherwise, online or off. */
export interface RememberedRefusal {
  readonly code: string;
  readonly reason: string;
  /** Of the program, where the refusal was of this version only. */
  readonly version: string | null;
}

/** All that is kept between runs, usage apart. */
export interface Memory {
  readonly license_key: string | null;
  /** Names this installation where the program does not. */
  readonly installation: string | null;
  readonly lease: string | null;
  readonly refusal: RememberedRefusal | null;
  readonly clock: ClockMemory | undefined;
  /** Keys fetched from the server, where none are pinned. */
  readonly keys: readonly PublicJwk[];
}

/** Of an installation that has just been made. */
export const NOTHING: Memory = {
  license_key: null,
  installation: null,
  lease: null,
  refusal: null,
  clock: undefined,
  keys: [],
};

const KEY = 'license';

/** @throws whatever the storage throws */
export const remember = (storage: KeyValueStorage, memory: Memory): Promise<void> =>
  storage.set(KEY, JSON.stringify(memory));

/** What was kept. A file that was tampered with or cut off is as good as none. @throws whatever the storage throws */
export const recall = async (storage: KeyValueStorage): Promise<Memory> => {
  const text = await storage.get(KEY);
  const kept = text === undefined ? undefined : parsed(text);
  if (kept === undefined) return NOTHING;
  const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    license_key: textOf(kept['license_key']),
    installation: textOf(kept['installation']),
    lease: textOf(kept['lease']),
    refusal: refusalOf(kept['refusal']),
    clock: clockOf(kept['clock']),
    keys: jwksKeys(kept),
  };
};

const parsed = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
};

const refusalOf = (value: unknown): RememberedRefusal | null => {
  const { code, reason, version } = asObject(value) ?? {};
  if (typeof code !== 'string' || typeof reason !== 'string') return null;
  return { code, reason, version: typeof version === 'string' ? version : null };
};

const clockOf = (value: unknown): ClockMemory | undefined => {
  const { offset, latest } = asObject(value) ?? {};
  return Number.isFinite(offset) && Number.isFinite(latest)
    ? { offset: Number(offset), latest: Number(latest) }
    : undefined;
};
