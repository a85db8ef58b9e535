import { asObject } from './bytes.ts';
import type { LeaseClaims, LeaseFault } from './lease.ts';
import type { Refused, Silence } from './transport.ts';

/** Why a licence may or may not be used. New servers may have codes that are not listed here. */
export type VerdictCode =
  // Said by the server just now, or by the lease that it left.
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
  // Refusals of an activation.
  | 'LICENSE_NOT_FOUND'
  | 'ACTIVATION_LIMIT_REACHED'
  | 'FEATURE_NOT_AVAILABLE'
  // Found out here.
  | 'NO_LICENSE_KEY'
  | 'NO_LEASE'
  | 'LEASE_GRACE'
  | 'CLOCK_TURNED_BACK'
  | LeaseFault
  | (string & {});

/** What the licence's plan grants by one feature. */
export interface Entitlement {
  readonly feature: string;
  /** False for a flag that is off, as the server sees it. A number grants as much as its `value` says, 0 included. */
  readonly granted: boolean;
  /** A flag, a text or a number; null is a number without a limit. */
  readonly value: unknown;
  /** Of quotas, as the server last said. */
  readonly used?: number | undefined;
  readonly limit?: number | null | undefined;
  readonly remaining?: number | null | undefined;
}

export type Entitlements = Readonly<Record<string, Entitlement>>;

/** Whether the program may run, why, and until when it may believe so. */
export interface Verdict {
  readonly valid: boolean;
  /** `offline`: the server could not be asked; what it said last is what counts. */
  readonly mode: 'online' | 'offline';
  readonly code: VerdictCode;
  /** The same for people, in English. */
  readonly reason: string;
  /** When this verdict ends if the server is not heard of again; null when it does not hold now. */
  readonly until: Date | null;
  readonly license: { readonly id: string; readonly plan: string; readonly status: string } | null;
  readonly entitlements: Entitlements;
  /** Why the server could not be asked. */
  readonly offline: { readonly cause: Silence; readonly reason: string } | null;
  /** More of a refusal, e.g. `max` and `current` of ACTIVATION_LIMIT_REACHED. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A verdict of "no". */
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

/** A verdict of "yes", by a lease. @param grace how long past its end the lease is good, in milliseconds */
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

/** The same verdict, unless a feature that must be there is not. */
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

/** Reads entitlements as leases and answers carry them: the value itself, or an object that holds it. */
export const entitlementsOf = (raw: unknown): Entitlements =>
  Object.fromEntries(
    Object.entries(asObject(raw) ?? {}).map(([feature, entry]) => [feature, entitlementOf(feature, entry)]),
  );

/** What is signed counts; how much of it is used is said beside it. */
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
