import { LicenseError } from './errors.ts';
import { keyOf } from './key-text.ts';
import type { PublicKeySource } from './keys.ts';
import { type KeyValueStorage, memoryStorage } from './storage.ts';
import type { Usage } from './usage/record.ts';

export interface LicenseClientOptions {
  /** Address of the license server, e.g. `https://licenses.example.com`; it may have a path: `https://example.com/keyledger/`. */
  readonly url: string;
  /** The product's id (`prod_…`): leases of other products are refused. */
  readonly product: string;
  /**
   * Keys that leases must be signed with, compiled into the program: then no other server can answer in its place. Without
   * them the client fetches and keeps the server's keys, which trusts the first server that it reaches.
   */
  readonly publicKeys?: readonly PublicKeySource[] | undefined;
  /** Left out: memory of the process only, so nothing works offline after a restart. */
  readonly storage?: KeyValueStorage | undefined;
  /**
   * For programs whose key is configured, in any form: pasted, typed, or read from a file. A blank text is no key. Others give it to
   * `activate`, and it is kept in the storage.
   */
  readonly licenseKey?: string | undefined;
  /** Identifies this device or user, 1–255 characters. Default: a random identifier in the storage. */
  readonly identifier?: string | undefined;
  /** The program's version (SemVer), compared with the oldest that the product supports. */
  readonly version?: string | undefined;
  /** When this version was released (RFC 3339), compared with the time until which the license includes new releases. */
  readonly releaseDate?: string | undefined;
  /** Days for which a lease still counts after its end, while the server is out of reach. Default 0. */
  readonly offlineGraceDays?: number | undefined;
  /** Time-out of a call in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Maximum number of usage records kept while the server is out of reach. Default 10,000. */
  readonly maxQueuedUsage?: number | undefined;
  /** Called for a usage record that the server refused for good and the client dropped. */
  readonly onUsageRefused?: ((record: Usage, code: string, reason: string) => void) | undefined;
  /** Called for errors in the background that stop nothing, such as a full disk. Default `console.warn`. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Options with all defaults filled in. */
export interface Settings extends Required<
  Omit<
    LicenseClientOptions,
    'publicKeys' | 'licenseKey' | 'identifier' | 'version' | 'releaseDate' | 'offlineGraceDays'
  >
> {
  readonly publicKeys: readonly PublicKeySource[];
  readonly licenseKey: string | null;
  readonly identifier: string | null;
  readonly version: string | null;
  /** RFC 3339 in UTC with milliseconds. */
  readonly releaseDate: string | null;
  readonly offlineGraceMs: number;
}

/** @throws LicenseError INVALID_OPTIONS */
export const settingsOf = (options: LicenseClientOptions): Settings => {
  const { product, timeoutMs = 10_000, maxQueuedUsage = 10_000, offlineGraceDays = 0 } = options;
  const url = baseUrl(options.url);
  if (!/^prod_\w+$/.test(product)) throw invalid('product is not the id of a product (prod_…).');
  for (const [name, value] of Object.entries({ timeoutMs, maxQueuedUsage, offlineGraceDays })) {
    if (!Number.isFinite(value) || value < 0) throw invalid(`${name} is not a number from 0.`);
  }
  const { releaseDate } = options;
  if (releaseDate !== undefined && Number.isNaN(Date.parse(releaseDate)))
    throw invalid('releaseDate is not a time (RFC 3339).');
  return {
    url,
    product,
    publicKeys: options.publicKeys ?? [],
    storage: options.storage ?? memoryStorage(),
    licenseKey: keyOf(options.licenseKey ?? ''),
    identifier: options.identifier ?? null,
    version: options.version ?? null,
    releaseDate: releaseDate === undefined ? null : new Date(releaseDate).toISOString(),
    offlineGraceMs: offlineGraceDays * 86_400_000,
    timeoutMs,
    maxQueuedUsage,
    onUsageRefused: options.onUsageRefused ?? (() => undefined),
    onError: options.onError ?? ((error) => console.warn('Keyledger:', error)),
    // A browser's fetch must be called on its window.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    now: options.now ?? (() => Date.now()),
  };
};

/** The address that paths are appended to: without a slash at its end, query and fragment. */
const baseUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalid('url is not an http(s) address.');
  // fetch refuses every request to such an address.
  if (url.username !== '' || url.password !== '') throw invalid('url must not contain a user name or password.');
  return url.origin + url.pathname.replace(/\/+$/, '');
};

const invalid = (message: string): LicenseError => new LicenseError('INVALID_OPTIONS', message);
