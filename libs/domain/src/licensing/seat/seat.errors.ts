import { type Refusals, refuser } from '../../shared/refusal.ts';

export type SeatRefusal =
  | 'SEAT_NOT_FOUND'
  | 'SEAT_EXISTS'
  | 'SEAT_ACCEPTED'
  | 'SEAT_LIMIT_REACHED'
  | 'LAST_OWNER'
  | 'INVITE_NOT_FOUND'
  | 'INVITE_USED'
  | 'INVITE_EXPIRED'
  | 'INVITE_WITHDRAWN';

export const seatRefusals: Refusals<SeatRefusal> = {
  SEAT_NOT_FOUND: { status: 404, message: 'There is no such seat.' },
  SEAT_EXISTS: { status: 409, message: 'This e-mail address already has a seat or an invitation.' },
  SEAT_ACCEPTED: { status: 409, message: 'The invitation has been accepted, so it cannot be sent again.' },
  SEAT_LIMIT_REACHED: { status: 409, message: 'All seats of the license are taken.' },
  LAST_OWNER: { status: 409, message: 'This is the last owner. Give the role to another seat first.' },
  INVITE_NOT_FOUND: { status: 404, message: 'There is no such invitation.' },
  INVITE_USED: { status: 410, message: 'The invitation has already been accepted.' },
  INVITE_EXPIRED: { status: 410, message: 'The invitation has expired: ask for a new one.' },
  INVITE_WITHDRAWN: { status: 410, message: 'The invitation has been withdrawn.' },
};

export const refuseSeat = refuser(seatRefusals);
