import { assertUsable } from '../license/license.usability.ts';
import { limitOf } from '../license/license.limits.ts';
import { refuse } from '../license/license.errors.ts';
import type { OnLicense } from '../license/on-license.ts';
import { productSupports } from '../product/product.ts';
import { addDays, type Time } from '../../shared/time.ts';
import { refuseSeat } from './seat.errors.ts';
import { INVITE_DAYS, type Seat, type SeatEvent, type SeatRole, type Seats } from './seat.ts';

interface OnSeat {
  readonly seat_id: string;
}
interface NewInvite {
  readonly invite_id: string;
  readonly token_hash: string;
}

export type InviteSeat = OnLicense &
  OnSeat &
  NewInvite & {
    readonly type: 'InviteSeat';
    readonly person_id: string;
    readonly email: string;
    readonly role: SeatRole;
  };
export type ResendInvite = OnLicense & OnSeat & NewInvite & { readonly type: 'ResendInvite' };
export type AcceptInvite = OnLicense & OnSeat & { readonly type: 'AcceptInvite'; readonly token_hash: string };

export type SeatCommand =
  | InviteSeat
  | ResendInvite
  | AcceptInvite
  | (OnLicense & OnSeat & { readonly type: 'ChangeSeatRole'; readonly role: SeatRole })
  | (OnLicense & OnSeat & { readonly type: 'RemoveSeat' })
  | { readonly type: 'ExpireInvites'; readonly now: Time };

export const decideSeat = (command: SeatCommand, seats: Seats): readonly SeatEvent[] => {
  switch (command.type) {
    case 'InviteSeat':
      return invite(command, seats);
    case 'ResendInvite':
      return resend(command, seats);
    case 'AcceptInvite':
      return accept(command, seats);
    case 'ChangeSeatRole':
      return changeRole(command, command.role, seats);
    case 'RemoveSeat':
      return remove(command, seats);
    case 'ExpireInvites':
      return due(seats, command.now).map(expired);
    default:
      return command satisfies never;
  }
};

/** Invitations that have expired without an event yet. They stop counting when they expire, not when it is recorded. */
const due = (seats: Seats, now: Time): Seat[] =>
  [...seats.values()].filter(({ status, expires_at }) => status === 'invited' && now >= expires_at);

/** Whether a seat counts against the limit: accepted seats do, and invitations until they expire. */
const counts = ({ status, expires_at }: Seat, now: Time): boolean =>
  status === 'accepted' || (status === 'invited' && now < expires_at);

const assertPlace = (seats: readonly Seat[], { plan, license }: OnLicense): void => {
  const max = limitOf(plan.max_seats, license);
  const current = seats.length;
  if (max !== null && current >= max) refuseSeat('SEAT_LIMIT_REACHED', { max, current });
};

const assertUsableForSeats = ({ license, plan, product_type, now }: OnLicense): void => {
  if (!productSupports(product_type, 'seats')) refuse('FEATURE_NOT_AVAILABLE');
  assertUsable(license, plan, now);
};

const invite = (command: InviteSeat, seats: Seats): readonly SeatEvent[] => {
  assertUsableForSeats(command);
  const { license, license_id, seat_id, person_id, email, role, now } = command;
  const taken = [...seats.values()].filter((seat) => counts(seat, now));
  assertNoOther(taken, person_id);
  assertPlace(taken, command);
  const invited: SeatEvent = {
    type: 'seat.invited',
    product_id: license.product_id,
    license_id,
    seat_id,
    person_id,
    email,
    role,
    ...inviteOf(command),
    invited_at: now,
  };
  return [...due(seats, now).map(expired), invited];
};

/** Sends the invitation with a new token. An expired invitation counts again, so it needs a free place. */
const resend = (command: ResendInvite, seats: Seats): readonly SeatEvent[] => {
  assertUsableForSeats(command);
  const { now, seat_id } = command;
  const seat = present(seats, seat_id);
  if (seat.status === 'accepted') return refuseSeat('SEAT_ACCEPTED');
  const others = [...seats.values()].filter((other) => other.seat_id !== seat_id && counts(other, now));
  assertNoOther(others, seat.person_id);
  assertPlace(others, command);
  const { person_id, email, role } = seat;
  return [{ type: 'seat.invite_resent', ...idsOf(seat), person_id, email, role, ...inviteOf(command) }];
};

/** Refusals about the invitation come before those about the license, since the caller knows the token only. */
const accept = (command: AcceptInvite, seats: Seats): readonly SeatEvent[] => {
  const { seat_id, token_hash, now } = command;
  const seat = seats.get(seat_id);
  // Sending an invitation again makes its earlier token invalid.
  if (seat?.token_hash !== token_hash) return refuseSeat('INVITE_NOT_FOUND');
  if (seat.status === 'accepted') return refuseSeat('INVITE_USED');
  if (seat.status === 'removed') return refuseSeat('INVITE_WITHDRAWN');
  if (seat.status === 'expired' || now >= seat.expires_at) return refuseSeat('INVITE_EXPIRED');
  assertUsableForSeats(command);
  // The limit may have become lower since the invitation was sent.
  assertPlace(
    [...seats.values()].filter(({ status }) => status === 'accepted'),
    command,
  );
  return [{ type: 'seat.added', ...idsOf(seat), role: seat.role, added_at: now }];
};

const changeRole = (command: OnLicense & OnSeat, role: SeatRole, seats: Seats): readonly SeatEvent[] => {
  assertUsableForSeats(command);
  const seat = present(seats, command.seat_id);
  if (seat.role === role) return [];
  assertOwnerLeft(seats, seat);
  return [{ type: 'seat.role_changed', ...idsOf(seat), role, previous_role: seat.role }];
};

/** Allowed in every state of the license except revoked, which is final. */
const remove = (command: OnLicense & OnSeat, seats: Seats): readonly SeatEvent[] => {
  if (command.license.status === 'revoked') return refuse('LICENSE_REVOKED');
  const seat = present(seats, command.seat_id);
  assertOwnerLeft(seats, seat);
  return [{ type: 'seat.removed', ...idsOf(seat) }];
};

const assertNoOther = (seats: readonly Seat[], person_id: string): void => {
  const other = seats.find((seat) => seat.person_id === person_id);
  if (other !== undefined) refuseSeat('SEAT_EXISTS', { seat_id: other.seat_id, seat_status: other.status });
};

/** Keeps at least one accepted owner, who manages the other seats. Invited owners do not count. */
const assertOwnerLeft = (seats: Seats, { seat_id, role, status }: Seat): void => {
  if (role !== 'owner' || status !== 'accepted') return;
  const others = [...seats.values()].filter((other) => other.seat_id !== seat_id);
  if (!others.some((other) => other.role === 'owner' && other.status === 'accepted')) refuseSeat('LAST_OWNER');
};

const present = (seats: Seats, seat_id: string): Seat => {
  const seat = seats.get(seat_id);
  return seat === undefined || seat.status === 'removed' ? refuseSeat('SEAT_NOT_FOUND') : seat;
};

const expired = (seat: Seat): SeatEvent => ({
  type: 'seat.invite_expired',
  ...idsOf(seat),
  expires_at: seat.expires_at,
});

const inviteOf = ({ invite_id, token_hash, now }: NewInvite & { readonly now: Time }) => ({
  invite_id,
  token_hash,
  expires_at: addDays(now, INVITE_DAYS),
});

const idsOf = ({ product_id, license_id, seat_id }: Seat) => ({ product_id, license_id, seat_id });
