import { refuse } from '../license/license.errors.ts';
import type { OnLicense } from '../license/on-license.ts';
import { limitOf } from '../license/license.limits.ts';
import { assertUsable, graceEnd } from '../license/license.usability.ts';
import { addDays, type Time, toTime } from '../../shared/time.ts';
import { refuseFloating } from './floating.errors.ts';
import { type FloatingEvent, running, type Session, type Sessions } from './floating.ts';

const MINUTE_MS = 60_000;

export type CheckOut = OnLicense & {
  readonly type: 'CheckOut';
  /** Id for the new session, if one begins. */
  readonly session_id: string;
  readonly identifier: string;
  readonly identifier_hash: string;
  /** undefined = keeps the present label; a new session has none. */
  readonly label: string | null | undefined;
  /** The session is borrowed until this time, to work offline; null = not borrowed. */
  readonly borrow_until: Time | null;
};

interface OfSession {
  readonly session_id: string;
  /** The license had this session, and it has ended. The read table keeps ended sessions; the state does not. */
  readonly ended: boolean;
}

export type FloatingCommand =
  | CheckOut
  | (OnLicense & OfSession & { readonly type: 'Heartbeat' })
  | (OnLicense & OfSession & { readonly type: 'CheckIn' })
  | (OnLicense & { readonly type: 'EndSession'; readonly session_id: string })
  | { readonly type: 'ExpireSessions'; readonly now: Time };

export const decideFloating = (command: FloatingCommand, sessions: Sessions): readonly FloatingEvent[] => {
  switch (command.type) {
    case 'CheckOut':
      return checkOut(command, sessions);
    case 'Heartbeat':
      return heartbeat(command, sessions);
    case 'CheckIn':
      return checkIn(command, sessions);
    case 'EndSession': {
      assertNotRevoked(command);
      const session = sessions.get(command.session_id);
      return session === undefined ? refuseFloating('SESSION_NOT_FOUND') : [end(session, 'operator', command.now)];
    }
    case 'ExpireSessions':
      return due(sessions, command.now).map(expired);
    default:
      return command satisfies never;
  }
};

/**
 * Renews the running session of the same identifier. An expired session has lost its place, even if no event has ended it yet:
 * it does not return, and a new session begins if a place is free.
 */
const checkOut = (command: CheckOut, sessions: Sessions): readonly FloatingEvent[] => {
  assertFloating(command);
  assertUsable(command.license, command.plan, command.now);
  assertMayBorrow(command);
  const live = running(sessions, command.now);
  const own = live.find(({ identifier_hash }) => identifier_hash === command.identifier_hash);
  if (own !== undefined) {
    assertPlace(command, live, live.indexOf(own));
    return [...renewed(command, own, command.borrow_until), ...relabeled(command, own)];
  }
  assertPlace(command, live, live.length);
  const { license_id, license, session_id, identifier, identifier_hash, label = null, now } = command;
  const { product_id, customer_id } = license;
  const begun: FloatingEvent = {
    type: 'floating.checked_out',
    product_id,
    license_id,
    session_id,
    customer_id,
    identifier,
    identifier_hash,
    label,
    checked_out_at: now,
    ...runsFor(command, undefined, command.borrow_until),
  };
  return [...due(sessions, now).map(expired), begun];
};

const heartbeat = (command: OnLicense & OfSession, sessions: Sessions): readonly FloatingEvent[] => {
  assertFloating(command);
  assertUsable(command.license, command.plan, command.now);
  const session = sessions.get(command.session_id);
  if (session === undefined) return refuseFloating(command.ended ? 'SESSION_EXPIRED' : 'SESSION_NOT_FOUND');
  if (command.now >= session.expires_at) return refuseFloating('SESSION_EXPIRED');
  const live = running(sessions, command.now);
  assertPlace(command, live, live.indexOf(session));
  return renewed(command, session, null);
};

/** Allowed in every state of the license except revoked, which is final. A second check-in does nothing. */
const checkIn = (command: OnLicense & OfSession, sessions: Sessions): readonly FloatingEvent[] => {
  assertNotRevoked(command);
  const session = sessions.get(command.session_id);
  if (session !== undefined) return [end(session, 'client', command.now)];
  if (command.ended) return [];
  assertFloating(command);
  return refuseFloating('SESSION_NOT_FOUND');
};

const assertFloating = ({ plan }: OnLicense): void => {
  if (plan.license_model !== 'floating') refuseFloating('FEATURE_NOT_AVAILABLE');
};

const assertNotRevoked = ({ license }: OnLicense): void => {
  if (license.status === 'revoked') refuse('LICENSE_REVOKED');
};

const assertMayBorrow = ({ borrow_until, plan: { max_borrow_days }, now }: CheckOut): void => {
  if (borrow_until === null) return;
  if (max_borrow_days === 0) refuseFloating('FEATURE_NOT_AVAILABLE');
  const latest = addDays(now, max_borrow_days);
  if (borrow_until > latest) refuseFloating('BORROW_LIMIT_EXCEEDED', { max_borrow_days, latest });
};

/**
 * Only the oldest `max` sessions have a place. If the limit was lowered, the newest sessions exceed it: they run until they
 * expire and are not renewed.
 * @param older number of running sessions that are older
 */
const assertPlace = ({ plan, license }: OnLicense, live: readonly Session[], older: number): void => {
  const max = limitOf(plan.max_activations, license);
  if (max === null || older < max) return;
  // A place is free when fewer than `max` sessions are left; never, if the limit is 0.
  const ends = live.map(({ expires_at }) => expires_at).sort();
  const next_expires_at = max === 0 ? null : (ends[live.length - max] ?? null);
  refuseFloating('FLOATING_LIMIT_REACHED', { max, current: live.length, next_expires_at });
};

/**
 * When a session expires: after the plan's timeout, or when its borrowing ends if that is later, but not after the license and
 * its grace period. An expiry that was promised before is never shortened, even if a clock or the plan has changed since.
 */
const runsFor = (
  { license, plan, now }: OnLicense,
  before: Session | undefined,
  borrow_until: Time | null,
): Pick<Session, 'expires_at' | 'borrowed_until'> => {
  const last = graceEnd(license, plan);
  const within = (time: Time): Time => (last !== null && last < time ? last : time);
  const timeout = within(toTime(Date.parse(now) + plan.floating_timeout * MINUTE_MS));
  const borrowed_until = later(borrow_until && within(borrow_until), before?.borrowed_until ?? null);
  const expires_at = later(later(timeout, borrowed_until), before?.expires_at ?? null) ?? timeout;
  return { expires_at, borrowed_until };
};

const later = (a: Time | null, b: Time | null): Time | null => (a === null || (b !== null && a < b) ? b : a);

const renewed = (on: OnLicense, session: Session, borrow_until: Time | null): FloatingEvent[] => {
  const runs = runsFor(on, session, borrow_until);
  if (runs.expires_at === session.expires_at && runs.borrowed_until === session.borrowed_until) return [];
  return [{ type: 'floating.renewed', ...idsOf(session), ...runs, renewed_at: on.now }];
};

const relabeled = ({ label, license: { customer_id } }: CheckOut, session: Session): FloatingEvent[] =>
  label === undefined || label === session.label
    ? []
    : [{ type: 'floating.relabeled', ...idsOf(session), customer_id, label }];

/** Sessions that have expired without an event yet. */
const due = (sessions: Sessions, now: Time): Session[] =>
  [...sessions.values()].filter(({ expires_at }) => now >= expires_at);

const end = (session: Session, reason: 'client' | 'operator', now: Time): FloatingEvent =>
  now >= session.expires_at ? expired(session) : { type: 'floating.checked_in', ...idsOf(session), reason };

const expired = (session: Session): FloatingEvent => ({
  type: 'floating.expired',
  ...idsOf(session),
  expires_at: session.expires_at,
});

const idsOf = ({ product_id, license_id, session_id }: Session) => ({ product_id, license_id, session_id });
