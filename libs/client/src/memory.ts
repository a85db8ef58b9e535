import { asObject } from './bytes.ts';
import type { ClockMemory } from './clock.ts';
import { keyOf } from './key-text.ts';
import { jwksKeys, type PublicJwk } from './keys.ts';
import type { KeyValueStorage } from './storage.ts';

/** A refusal of the server. It holds, online and offline, until the server decides otherwise. */
export interface RememberedRefusal {
  readonly code: string;
  readonly reason: string;
  /** Version of the program, if the server refused only that version. */
  readonly version: string | null;
}

/** Everything kept between runs, except usage. */
export interface Memory {
  readonly license_key: string | null;
  /** Random name of this installation, for programs that give no identifier. */
  readonly installation: string | null;
  readonly lease: string | null;
  readonly refusal: RememberedRefusal | null;
  readonly clock: ClockMemory | undefined;
  /** Keys fetched from the server, if the program pins none. */
  readonly keys: readonly PublicJwk[];
}

/** Memory of a new installation. */
export const NOTHING: Memory = {
  license_key: null,
  installation: null,
  lease: null,
  refusal: null,
  clock: undefined,
  keys: [],
};

const KEY = 'license';

/** Writes the memory. @throws errors of the storage */
export const remember = (storage: KeyValueStorage, memory: Memory): Promise<void> =>
  storage.set(KEY, JSON.stringify(memory));

/** Reads the memory. A damaged file counts as none. @throws errors of the storage */
export const recall = async (storage: KeyValueStorage): Promise<Memory> => {
  const text = await storage.get(KEY);
  const kept = text === undefined ? undefined : parsed(text);
  if (kept === undefined) return NOTHING;
  const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    license_key: keyOf(textOf(kept['license_key']) ?? ''),
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
