import { refuse } from '../license/license.errors.ts';
import type { OnLicense } from '../license/on-license.ts';
import { assertUsable, graceEnd } from '../license/license.usability.ts';
import { addDays, type Time, toTime } from '../../shared/time.ts';
import { refuseFloating } from './floating.errors.ts';
import { type FloatingEvent, running, type Session, type Sessions } from './floating.ts';

const MINUTE_MS = 60_000;

export type CheckOut = OnLicense & {
  readonly type: 'CheckOut';
  /** Of the session that begins, if one does. */
  readonly session_id: string;
  readonly identifier: string;
  readonly identifier_hash: string;
  /** undefined = what it was, or none. */
  readonly label: string | null | undefined;
  /** Until when the session is to be lent, to work offline; null = it is not. */
  readonly borrow_until: Time | null;
};

interface OfSession {
  readonly session_id: string;
  /** The license once had this session: a read table knows those that have ended, the state does not. */
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
 * Whoever checks out again has the session that runs, for longer. One that is over has given its place away, if only in
 * time: it does not come back, and a new one begins if there is a place.
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

/** Giving a session back is allowed in every state but one, also twice: nothing happens to a revoked license. */
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
 * A place is among the oldest: where a limit has been lowered, it is the newest sessions that are too many. They go on until
 * their end, and are not renewed.
 * @param older how many sessions run that are older
 */
const assertPlace = ({ plan: { max_activations: max } }: OnLicense, live: readonly Session[], older: number): void => {
  if (max === null || older < max) return;
  // So many have to end before one more fits in; never, where none is allowed.
  const ends = live.map(({ expires_at }) => expires_at).sort();
  const next_expires_at = max === 0 ? null : (ends[live.length - max] ?? null);
  refuseFloating('FLOATING_LIMIT_REACHED', { max, current: live.length, next_expires_at });
};

/**
 * How long a session runs from now on: the plan's time, or as long as it is borrowed, but not beyond the license and its grace.
 * What was promised before holds, whatever clocks or plans say since.
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

/** Sessions whose time is over and that no event has ended yet. */
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
