import type { LookupFunction } from 'node:net';

/** How deliveries are tried. Times in milliseconds. */
export interface DeliverySettings {
  /** Pauses before each further attempt; after the last the delivery has failed. */
  readonly ladder: readonly number[];
  /** Each pause is made longer or shorter by up to this share, so that endpoints that fell together do not rise together. */
  readonly jitter: number;
  /** Attempts to one endpoint at once, in one process. */
  readonly concurrency: number;
  /** A claim that is not renewed for so long is anybody's: how late a killed process's deliveries go on. */
  readonly lease: number;
  /** How often due deliveries are looked for without being told. */
  readonly poll: number;
  readonly connectTimeout: number;
  /** From the request's end to the answer's head. */
  readonly headersTimeout: number;
  /** How long the answer's body is listened to. It decides nothing. */
  readonly bodyTimeout: number;
  /** How long stopping waits for attempts that are under way. */
  readonly grace: number;
  /** Finds the addresses of names; the system's resolver unless a test has its own. */
  readonly lookup?: LookupFunction;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The ladder of Standard Webhooks 1.0: ten attempts within about 75 hours. */
export const defaultSettings: DeliverySettings = {
  ladder: [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
  jitter: 0.2,
  concurrency: 10,
  lease: 15 * SECOND,
  poll: 500,
  connectTimeout: 5 * SECOND,
  headersTimeout: 15 * SECOND,
  bodyTimeout: 5 * SECOND,
  grace: 5 * SECOND,
};

/** Injection token of `Partial<DeliverySettings>`; provided by a global module it overrides the defaults. */
export const DELIVERY_SETTINGS = Symbol('DeliverySettings');
