import type { LookupFunction } from 'node:net';
import type { Config } from '#platform/config/config';
import { API_VERSIONS, type ApiVersion } from '../payload/versions.ts';

/** When an endpoint's circuit opens, and how often it is probed then. Times in milliseconds. */
export interface CircuitSettings {
  /** Attempts that fail one after the other, of whatever deliveries. */
  readonly failures: number;
  /** Until the first probe; each that fails doubles it. */
  readonly pause: number;
  readonly longest: number;
}

/** How deliveries are tried. Times in milliseconds. */
export interface DeliverySettings {
  /** Pauses before each further attempt; after the last the delivery has failed. */
  readonly ladder: readonly number[];
  /** Each pause is made longer or shorter by up to this share, so that endpoints that fell together do not rise together. */
  readonly jitter: number;
  readonly circuit: CircuitSettings;
  /** Attempts that one process works on at once; those that only wait for an answer are not counted while it has time for more. */
  readonly at_once: number;
  /** Deliveries claimed by one statement: they are divided fairly among products. */
  readonly claimed_at_once: number;
  /** Versions of shapes that endpoints may be pinned to, oldest first. */
  readonly versions: readonly ApiVersion[];
  /** Attempts to one endpoint at once, in one process, unless the endpoint has its own. */
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
  /** An HTTP proxy, through which every connection is made. */
  readonly proxy?: string;
  /** Certificates, in PEM, of authorities that are trusted beside the well-known ones. */
  readonly authorities?: string;
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
  circuit: { failures: 10, pause: 30 * SECOND, longest: 10 * MINUTE },
  at_once: 256,
  claimed_at_once: 2_000,
  versions: API_VERSIONS,
  concurrency: 10,
  lease: 15 * SECOND,
  poll: 500,
  connectTimeout: 5 * SECOND,
  headersTimeout: 15 * SECOND,
  bodyTimeout: 5 * SECOND,
  grace: 5 * SECOND,
};

/** The defaults, what the operator has configured, and what a test has its own way. */
export const settingsOf = (
  { webhook_proxy }: Pick<Config, 'webhook_proxy'>,
  overrides: Partial<DeliverySettings>,
): DeliverySettings => ({
  ...defaultSettings,
  ...(webhook_proxy === undefined ? {} : { proxy: webhook_proxy }),
  ...overrides,
});

/** Injection token of `Partial<DeliverySettings>`; provided by a global module it overrides the defaults. */
export const DELIVERY_SETTINGS = Symbol('DeliverySettings');
