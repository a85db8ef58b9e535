import { LEASE_SECONDS } from '../lease/lease.ts';
import { refuser } from '../../shared/refusal.ts';
import { type Time, toTime } from '../../shared/time.ts';

/** How long a new key is published before it signs: longer than the key set is cached (five minutes). */
export const PUBLISHED_FIRST_MS = 600_000;
/** Largest clock difference between instances: one may still sign with a key that is superseded for another. */
const SKEW_MS = 3_600_000;

export interface SigningKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  /** Base64url of the 32 bytes of the Ed25519 public key (`x` of its JWK). */
  readonly public_key: string;
  readonly created_at: Time;
  /** Signs from this time on, until a later key signs. */
  readonly signs_from: Time;
  readonly retired_at: Time | null;
}

export type SigningKeyEvent =
  | ({ readonly type: 'signing_key.created' } & Omit<SigningKey, 'retired_at'>)
  | ({ readonly type: 'signing_key.rotated'; readonly previous_kid: string } & Omit<SigningKey, 'retired_at'>)
  | {
      readonly type: 'signing_key.retired';
      readonly kid: string;
      readonly retired_at: Time;
      /** The private key leaked: nothing that it signed can be trusted, even if it has not expired. */
      readonly compromised: boolean;
    };

/** All keys that ever existed, newest first. */
export interface SigningKeySet {
  readonly keys: readonly SigningKey[];
}

export type SigningKeyCommand =
  /** The first key of a new service. */
  | { readonly type: 'CreateFirstKey'; readonly kid: string; readonly public_key: string; readonly now: Time }
  | {
      readonly type: 'RotateSigningKey';
      readonly kid: string;
      readonly public_key: string;
      /** The keys so far have leaked: all of them retire, and the next one signs immediately. */
      readonly compromised: boolean;
      readonly now: Time;
    }
  | {
      readonly type: 'RetireSigningKey';
      readonly kid: string;
      /** Latest expiry of what it signed, except leases of the usual length; null = never, undefined = none. */
      readonly good_until: Time | null | undefined;
      readonly now: Time;
    };

/** A key is published before it signs, and stays published until everything that it signed has expired. */
export type SigningKeyStatus = 'published' | 'signing' | 'verifying' | 'retired';

export const signingKeyRefusals = {
  SIGNING_KEY_NOT_FOUND: { status: 404, message: 'There is no such signing key.' },
  ROTATION_IN_PROGRESS: { status: 409, message: 'The next key has been published but does not sign yet.' },
};
const refuse = refuser(signingKeyRefusals);

export const statusOf = (
  { kid, signs_from, retired_at }: SigningKey,
  set: SigningKeySet,
  now: Time,
): SigningKeyStatus => {
  if (retired_at !== null) return 'retired';
  if (signs_from > now) return 'published';
  return signingKey(set, now)?.kid === kid ? 'signing' : 'verifying';
};

/** The key that signs at `now`. */
export const signingKey = ({ keys }: SigningKeySet, now: Time): SigningKey | undefined =>
  keys.find(({ signs_from }) => signs_from <= now);

/** When the next key begins or began to sign; undefined = there is no next key. */
export const supersededAt = ({ kid }: SigningKey, { keys }: SigningKeySet): Time | undefined =>
  keys[keys.findIndex((key) => key.kid === kid) - 1]?.signs_from;

/** From then on no instance signs with it, whatever its clock: the private key may be deleted. undefined = not known yet. */
export const signsNoMoreAt = (key: SigningKey, set: SigningKeySet): Time | undefined => {
  const superseded = supersededAt(key, set);
  return superseded === undefined ? undefined : toTime(Date.parse(superseded) + SKEW_MS);
};

/** When the last lease that it signed expires; undefined = not known yet. */
export const leasesEndAt = (key: SigningKey, set: SigningKeySet): Time | undefined => {
  const last = signsNoMoreAt(key, set);
  return last === undefined ? undefined : toTime(Date.parse(last) + LEASE_SECONDS * 1000);
};

export const decideSigningKey = (command: SigningKeyCommand, set: SigningKeySet): readonly SigningKeyEvent[] => {
  const { now } = command;
  switch (command.type) {
    case 'CreateFirstKey': {
      const { kid, public_key } = command;
      if (set.keys.length > 0) return [];
      return [{ type: 'signing_key.created', kid, public_key, created_at: now, signs_from: now }];
    }
    case 'RotateSigningKey': {
      const { kid, public_key, compromised } = command;
      const [newest] = set.keys;
      if (newest === undefined) return refuse('SIGNING_KEY_NOT_FOUND');
      const previous_kid = newest.kid;
      const next = { type: 'signing_key.rotated', kid, previous_kid, public_key, created_at: now } as const;
      if (compromised) return [{ ...next, signs_from: now }, ...retireAll(set, now)];
      if (newest.signs_from > now) return refuse('ROTATION_IN_PROGRESS', { signs_from: newest.signs_from });
      return [{ ...next, signs_from: toTime(Date.parse(now) + PUBLISHED_FIRST_MS) }];
    }
    case 'RetireSigningKey': {
      const { kid, good_until } = command;
      const key = set.keys.find((known) => known.kid === kid) ?? refuse('SIGNING_KEY_NOT_FOUND');
      const leases = leasesEndAt(key, set);
      if (key.retired_at !== null || leases === undefined || leases > now) return [];
      if (good_until === null || (good_until !== undefined && good_until > now)) return [];
      return [{ type: 'signing_key.retired', kid, retired_at: now, compromised: false }];
    }
    default:
      return command satisfies never;
  }
};

const retireAll = ({ keys }: SigningKeySet, now: Time): SigningKeyEvent[] =>
  keys
    .filter(({ retired_at }) => retired_at === null)
    .map(({ kid }) => ({ type: 'signing_key.retired', kid, retired_at: now, compromised: true }));

const initialState: SigningKeySet = { keys: [] };

const evolve = (set: SigningKeySet, event: SigningKeyEvent): SigningKeySet => {
  switch (event.type) {
    case 'signing_key.created':
    case 'signing_key.rotated': {
      const { kid, public_key, created_at, signs_from } = event;
      return { keys: [{ kid, public_key, created_at, signs_from, retired_at: null }, ...set.keys] };
    }
    case 'signing_key.retired':
      return {
        keys: set.keys.map((key) => (key.kid === event.kid ? { ...key, retired_at: event.retired_at } : key)),
      };
    default:
      return set;
  }
};

/** The only stream of the service's keys. No event contains a private key. */
export const SIGNING_KEYS = 'signing-keys';

export const signingKeyStream = { name: 'signing-key', initialState, evolve };
