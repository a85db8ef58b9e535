import type { Time } from '../../shared/time.ts';

export const SEAT_ROLES = ['owner', 'admin', 'member'] as const;
export type SeatRole = (typeof SEAT_ROLES)[number];

export const SEAT_STATUSES = ['invited', 'accepted', 'expired', 'removed'] as const;
export type SeatStatus = (typeof SEAT_STATUSES)[number];

/** Days for which an invitation may be accepted. */
export const INVITE_DAYS = 7;

interface SeatIds {
  readonly product_id: string;
  readonly license_id: string;
  readonly seat_id: string;
}

/** An invitation: one mail with one token, of which the domain knows the hash only. */
interface Invite {
  readonly invite_id: string;
  /** Base64url SHA-256 of the token. */
  readonly token_hash: string;
  readonly expires_at: Time;
}

interface Holder {
  /** Derived from the e-mail address: the same address has the same id. */
  readonly person_id: string;
  /** Null once the person has been forgotten. */
  readonly email: string | null;
}

export type SeatEvent =
  | ({ readonly type: 'seat.invited'; readonly role: SeatRole; readonly invited_at: Time } & SeatIds & Holder & Invite)
  | ({ readonly type: 'seat.invite_resent'; readonly role: SeatRole } & SeatIds & Holder & Invite)
  | ({ readonly type: 'seat.invite_expired'; readonly expires_at: Time } & SeatIds)
  | ({ readonly type: 'seat.added'; readonly role: SeatRole; readonly added_at: Time } & SeatIds)
  | ({ readonly type: 'seat.role_changed'; readonly role: SeatRole; readonly previous_role: SeatRole } & SeatIds)
  | ({ readonly type: 'seat.removed' } & SeatIds);

export interface Seat extends SeatIds, Holder, Invite {
  readonly role: SeatRole;
  readonly status: SeatStatus;
  readonly invited_at: Time;
  readonly accepted_at: Time | null;
}

/** All seats that a license ever had, by id, oldest first. */
export type Seats = ReadonlyMap<string, Seat>;

const initialState: Seats = new Map();

const evolve = (seats: Seats, event: SeatEvent): Seats => {
  if (event.type === 'seat.invited') {
    const { type: _event, ...seat } = event;
    return new Map(seats).set(seat.seat_id, { ...seat, status: 'invited', accepted_at: null });
  }
  const seat = seats.get(event.seat_id);
  const changed = seat && evolveSeat(seat, event);
  return changed === undefined ? seats : new Map(seats).set(changed.seat_id, changed);
};

/** The seat after an event; undefined for event types that it does not know. */
export const evolveSeat = (seat: Seat, event: Exclude<SeatEvent, { type: 'seat.invited' }>): Seat | undefined => {
  switch (event.type) {
    case 'seat.invite_resent': {
      const { invite_id, token_hash, expires_at } = event;
      return { ...seat, status: 'invited', invite_id, token_hash, expires_at };
    }
    case 'seat.invite_expired':
      return { ...seat, status: 'expired' };
    case 'seat.added':
      return { ...seat, status: 'accepted', accepted_at: event.added_at };
    case 'seat.role_changed':
      return { ...seat, role: event.role };
    case 'seat.removed':
      return { ...seat, status: 'removed' };
    default:
      return undefined;
  }
};

const holder = (event: SeatEvent): string | null => ('person_id' in event ? event.person_id : null);

/** One stream for all seats of a license, since they are counted against one limit. Its id is `seatsOf(license_id)`. */
export const seatStream = {
  name: 'seats',
  initialState,
  evolve,
  personal: {
    'seat.invited': { person: holder, fields: ['email'] },
    'seat.invite_resent': { person: holder, fields: ['email'] },
  },
};

/** Id of the stream of a license's seats: `lic_…/seats`. */
export const seatsOf = (licenseId: string): string => `${licenseId}/seats`;
