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
  SEAT_EXISTS: { status: 409, message: 'Whoever has this e-mail address has a seat or an invitation already.' },
  SEAT_ACCEPTED: { status: 409, message: 'The invitation has been accepted: there is nothing to send again.' },
  SEAT_LIMIT_REACHED: { status: 409, message: 'All seats of the licence are taken.' },
  LAST_OWNER: { status: 409, message: 'This is the last owner: make somebody else an owner first.' },
  INVITE_NOT_FOUND: { status: 404, message: 'There is no such invitation.' },
  INVITE_USED: { status: 410, message: 'The invitation has been accepted before.' },
  INVITE_EXPIRED: { status: 410, message: 'The invitation has expired: ask for a new one.' },
  INVITE_WITHDRAWN: { status: 410, message: 'The invitation has been withdrawn.' },
};

export const refuseSeat = refuser(seatRefusals);
