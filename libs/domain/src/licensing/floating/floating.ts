import type { Time } from '../../shared/time.ts';

interface SessionIds {
  readonly product_id: string;
  readonly license_id: string;
  readonly session_id: string;
}

/** How long a session runs without a renewal. */
interface SessionTerm {
  readonly expires_at: Time;
  /** It is borrowed until this time, to work offline; null = not borrowed. */
  readonly borrowed_until: Time | null;
}

export type FloatingEvent =
  | ({
      readonly type: 'floating.checked_out';
      readonly customer_id: string;
      /** Base64url SHA-256 of the normalized identifier. */
      readonly identifier_hash: string;
      readonly identifier: string | null;
      readonly label: string | null;
      readonly checked_out_at: Time;
    } & SessionIds &
      SessionTerm)
  | ({ readonly type: 'floating.renewed'; readonly renewed_at: Time } & SessionIds & SessionTerm)
  | ({ readonly type: 'floating.relabeled'; readonly customer_id: string; readonly label: string | null } & SessionIds)
  | ({ readonly type: 'floating.checked_in'; readonly reason: 'client' | 'operator' } & SessionIds)
  | ({ readonly type: 'floating.expired'; readonly expires_at: Time } & SessionIds);

export interface Session extends SessionIds, SessionTerm {
  readonly identifier_hash: string;
  readonly label: string | null;
}

/** The sessions that no event has ended, by id, oldest first. A session is over from `expires_at` on, even without an event. */
export type Sessions = ReadonlyMap<string, Session>;

const initialState: Sessions = new Map();

const evolve = (sessions: Sessions, event: FloatingEvent): Sessions => {
  switch (event.type) {
    case 'floating.checked_out': {
      const { product_id, license_id, session_id, identifier_hash, label, expires_at, borrowed_until } = event;
      const session = { product_id, license_id, session_id, identifier_hash, label, expires_at, borrowed_until };
      return new Map(sessions).set(session_id, session);
    }
    case 'floating.renewed': {
      const { expires_at, borrowed_until } = event;
      return changed(sessions, event.session_id, { expires_at, borrowed_until });
    }
    case 'floating.relabeled':
      return changed(sessions, event.session_id, { label: event.label });
    case 'floating.checked_in':
    case 'floating.expired': {
      const others = new Map(sessions);
      others.delete(event.session_id);
      return others;
    }
    default:
      return sessions;
  }
};

/** Changes a session, which keeps its position among the others. */
const changed = (sessions: Sessions, id: string, changes: Partial<Session>): Sessions => {
  const session = sessions.get(id);
  return session === undefined ? sessions : new Map(sessions).set(id, { ...session, ...changes });
};

/** The sessions that run at a moment, oldest first. */
export const running = (sessions: Sessions, now: Time): Session[] =>
  [...sessions.values()].filter(({ expires_at }) => now < expires_at);

const customer = (event: FloatingEvent): string | null => ('customer_id' in event ? event.customer_id : null);

/** One stream for all sessions of a floating license, `lic_…/floating`, since they are counted against one limit. */
export const floatingStream = {
  name: 'floating',
  initialState,
  evolve,
  personal: {
    'floating.checked_out': { person: customer, fields: ['identifier', 'label'] },
    'floating.relabeled': { person: customer, fields: ['label'] },
  },
};

/** Id of the stream of a license's sessions. */
export const sessionsOf = (licenseId: string): string => `${licenseId}/floating`;
