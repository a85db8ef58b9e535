import { LicenseError } from './errors.ts';
import type { PublicKeySource } from './keys.ts';
import { type KeyValueStorage, memoryStorage } from './storage.ts';
import type { Usage } from './usage/record.ts';

export interface LicenseClientOptions {
  /** Address of the license server, e.g. `https://licenses.example.com`; it may have a path: `https://example.com/keyledger/`. */
  readonly url: string;
  /** The product's id (`prod_…`): leases of other products are refused. */
  readonly product: string;
  /**
   * Keys that leases must be signed with, compiled into the program: then nobody can stand in for the server. Without them
   * the server's own are fetched and kept, which trusts the first server that is met.
   */
  readonly publicKeys?: readonly PublicKeySource[] | undefined;
  /** Left out: everything is forgotten with the process, and nothing works offline after a restart. */
  readonly storage?: KeyValueStorage | undefined;
  /** For programs whose key is configured. Others give it to `activate`, and it is kept in the storage. */
  readonly licenseKey?: string | undefined;
  /** Names this device or user, 1–255 characters. Left out: a random name that is kept in the storage. */
  readonly identifier?: string | undefined;
  /** The program's own version (SemVer), held against the oldest that the product supports. */
  readonly version?: string | undefined;
  /** When this version was released (RFC 3339), held against the time for which the license includes new releases. */
  readonly releaseDate?: string | undefined;
  /** Days that a lease is still believed after its end, while the server is out of reach. 0 when left out. */
  readonly offlineGraceDays?: number | undefined;
  /** After how many milliseconds a call counts as unanswered. 10,000 when left out. */
  readonly timeoutMs?: number | undefined;
  /** Records of usage that are kept at most while the server is out of reach. 10,000 when left out. */
  readonly maxQueuedUsage?: number | undefined;
  /** Called for a record of usage that the server has refused for good; it is not kept any longer. */
  readonly onUsageRefused?: ((record: Usage, code: string, reason: string) => void) | undefined;
  /** Called for what happens in the background and stops nothing, such as a disk that is full. `console.warn` when left out. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds since 1970, `Date.now` when left out. */
  readonly now?: (() => number) | undefined;
}

/** Options with nothing left open. */
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
  /** In UTC with milliseconds. */
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
    licenseKey: options.licenseKey ?? null,
    identifier: options.identifier ?? null,
    version: options.version ?? null,
    releaseDate: releaseDate === undefined ? null : new Date(releaseDate).toISOString(),
    offlineGraceMs: offlineGraceDays * 86_400_000,
    timeoutMs,
    maxQueuedUsage,
    onUsageRefused: options.onUsageRefused ?? (() => undefined),
    onError: options.onError ?? ((error) => console.warn('Keyledger:', error)),
    // A browser's fetch wants to be called on its window.
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
