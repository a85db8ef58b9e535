import type { LookupFunction } from 'node:net';
import type { WebhooksSettings } from '../webhooks.settings.ts';
import { API_VERSIONS, type ApiVersion } from '../payload/versions.ts';

/** When the circuit of an endpoint opens, and how often it is probed while open. Times in milliseconds. */
export interface CircuitSettings {
  /** Consecutive failed attempts, of any deliveries, that open the circuit. */
  readonly failures: number;
  /** Until the first probe. Each failed probe doubles it. */
  readonly pause: number;
  /** The longest pause between probes. */
  readonly longest: number;
}

/** How deliveries are sent. Times in milliseconds. */
export interface DeliverySettings {
  /** The retry schedule: the pause before each further attempt. After the last attempt the delivery has failed. */
  readonly ladder: readonly number[];
  /** Each pause varies by up to this share, so that retries of many endpoints that failed together spread out. */
  readonly jitter: number;
  readonly circuit: CircuitSettings;
  /** Attempts that one process works on at once (see `AttemptSlots`). */
  readonly at_once: number;
  /** The most deliveries that one statement claims, divided fairly among products. */
  readonly claimed_at_once: number;
  /** API versions that endpoints can be pinned to, oldest first. */
  readonly versions: readonly ApiVersion[];
  /** Attempts to one endpoint at once, in one process, unless the endpoint sets its own limit. */
  readonly concurrency: number;
  /** How long a claim is valid without renewal: the delay of a killed process's deliveries. */
  readonly lease: number;
  /** How often the sender looks for due deliveries without a notification. */
  readonly poll: number;
  readonly connectTimeout: number;
  /** From the open connection to the answer's head. */
  readonly headersTimeout: number;
  /** For the answer's body, which does not affect the result. */
  readonly bodyTimeout: number;
  /** How long a stop waits for attempts that are under way. */
  readonly grace: number;
  /** URL of an HTTP proxy that tunnels every connection. */
  readonly proxy?: string;
  /** Certificates, in PEM, of authorities that are trusted besides the public ones. */
  readonly authorities?: string;
  /** Resolves names; the system's resolver unless a test sets its own. */
  readonly lookup?: LookupFunction;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The retry schedule is that of Standard Webhooks 1.0: ten attempts within about 75 hours. */
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

/** The defaults, then the operator's configuration, then the overrides of a test. */
export const settingsOf = (
  { proxy }: Pick<WebhooksSettings, 'proxy'>,
  overrides: Partial<DeliverySettings>,
): DeliverySettings => ({
  ...defaultSettings,
  ...(proxy === undefined ? {} : { proxy }),
  ...overrides,
});

/** Injection token of `Partial<DeliverySettings>`; provided by a global module it overrides the defaults. */
export const DELIVERY_SETTINGS = Symbol('DeliverySettings');
