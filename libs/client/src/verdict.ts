import { asObject } from './bytes.ts';
import type { LeaseClaims, LeaseFault } from './lease.ts';
import type { Refused, Silence } from './transport.ts';

/** Why a license may or may not be used. A newer server may send codes that are not listed here. */
export type VerdictCode =
  // From the server, or from its lease.
  | 'VALID'
  | 'PAST_DUE_GRACE'
  | 'NOT_FOUND'
  | 'BAD_SIGNATURE'
  | 'PRODUCT_MISMATCH'
  | 'REVOKED'
  | 'SUSPENDED'
  | 'CANCELED'
  | 'EXPIRED'
  | 'TRIAL_EXPIRED'
  | 'NOT_YET_VALID'
  | 'NOT_ACTIVATED'
  | 'FINGERPRINT_MISMATCH'
  | 'TOO_MANY_ACTIVATIONS'
  | 'VERSION_TOO_OLD'
  | 'ENTITLEMENT_MISSING'
  // The server refused an activation.
  | 'LICENSE_NOT_FOUND'
  | 'ACTIVATION_LIMIT_REACHED'
  | 'FEATURE_NOT_AVAILABLE'
  // From this library.
  | 'NO_LICENSE_KEY'
  | 'NO_LEASE'
  | 'LEASE_GRACE'
  | 'CLOCK_TURNED_BACK'
  | LeaseFault
  | (string & {});

/** One feature of the license's plan. */
export interface Entitlement {
  readonly feature: string;
  /** False only for a flag that is off. A number is granted even when its `value` is 0. */
  readonly granted: boolean;
  /** A flag, a text or a number; null = a number without a limit. */
  readonly value: unknown;
  /** For quotas, as of the server's last answer. */
  readonly used?: number | undefined;
  readonly limit?: number | null | undefined;
  readonly remaining?: number | null | undefined;
}

export type Entitlements = Readonly<Record<string, Entitlement>>;

/** Whether the program may run, why, and until when. */
export interface Verdict {
  readonly valid: boolean;
  /** `offline`: the server did not answer; its last answer counts. */
  readonly mode: 'online' | 'offline';
  readonly code: VerdictCode;
  /** Message for users, in English. */
  readonly reason: string;
  /** When this verdict ends without another answer from the server; null when `valid` is false. */
  readonly until: Date | null;
  readonly license: { readonly id: string; readonly plan: string; readonly status: string } | null;
  readonly entitlements: Entitlements;
  /** Why there was no answer from the server. */
  readonly offline: { readonly cause: Silence; readonly reason: string } | null;
  /** Details of a refusal, e.g. `max` and `current` of ACTIVATION_LIMIT_REACHED. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A negative verdict. */
export const no = (code: VerdictCode, reason: string, more: Partial<Verdict> = {}): Verdict => ({
  valid: false,
  mode: 'online',
  code,
  reason,
  until: null,
  license: null,
  entitlements: {},
  offline: null,
  details: {},
  ...more,
});

export const refused = ({ code, reason, details }: Refused): Verdict => no(code, reason, { details });

/** A positive verdict based on a lease. @param grace how long the lease stays valid after its end, in milliseconds */
export const yes = (
  code: VerdictCode,
  reason: string,
  claims: LeaseClaims,
  grace: number,
  more: Partial<Verdict> = {},
): Verdict => ({
  ...no(code, reason),
  valid: true,
  until: new Date(claims.exp * 1000 + grace),
  license: { id: claims.sub, plan: claims.plan, status: claims.status },
  entitlements: entitlementsOf(claims.entitlements),
  ...more,
});

/** The same verdict, or ENTITLEMENT_MISSING when a required feature is not granted. */
export const demanding = (verdict: Verdict, features: readonly string[]): Verdict => {
  const missing = verdict.valid
    ? features.find((feature) => verdict.entitlements[feature]?.granted !== true)
    : undefined;
  if (missing === undefined) return verdict;
  return {
    ...verdict,
    valid: false,
    code: 'ENTITLEMENT_MISSING',
    reason: `The license does not include ${missing}.`,
    until: null,
  };
};

/** Reads the entitlements of a lease or an answer: each is a value, or an object with a `value`. */
export const entitlementsOf = (raw: unknown): Entitlements =>
  Object.fromEntries(
    Object.entries(asObject(raw) ?? {}).map(([feature, entry]) => [feature, entitlementOf(feature, entry)]),
  );

/** Adds usage numbers from an unsigned answer to the signed entitlements. */
export const withNumbers = (signed: Entitlements, said: Entitlements): Entitlements =>
  Object.fromEntries(
    Object.entries(signed).map(([feature, entry]) => {
      const { used, limit, remaining } = Object.hasOwn(said, feature) ? (said[feature] ?? entry) : entry;
      return [feature, { ...entry, used, limit, remaining }];
    }),
  );

const entitlementOf = (feature: string, entry: unknown): Entitlement => {
  const object =
    typeof entry === 'object' && entry !== null ? (entry as Readonly<Record<string, unknown>>) : { value: entry };
  const value = object['value'] ?? null;
  const granted = value !== false;
  const numbers = Object.fromEntries(
    ['used', 'limit', 'remaining']
      .filter((name) => typeof object[name] === 'number' || object[name] === null)
      .map((name) => [name, object[name]]),
  );
  return { feature, granted, value, ...numbers };
};
