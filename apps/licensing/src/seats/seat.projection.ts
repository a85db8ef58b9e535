import type { SeatEvent } from '#domain/licensing/seat/seat';
import { tableProjection } from '#events/projection/table';
import { type SeatRow, seatsTable } from './seat.table.ts';

export const seatsProjection = tableProjection<SeatRow, SeatEvent>({
  table: seatsTable,
  types: ['seat.*'],
  id: ({ event }) => event.seat_id,
  evolve: (row, { event, version }) => {
    if (event.type === 'seat.invited') {
      const { type: _event, seat_id: id, invite_id: _invite, expires_at, invited_at, ...seat } = event;
      const times = { expires_at: new Date(expires_at), invited_at: new Date(invited_at), accepted_at: null };
      return { ...seat, id, version, status: 'invited', ...times };
    }
    return row && { ...row, ...changes(event), version };
  },
});

const changes = (event: SeatEvent): Partial<SeatRow> => {
  switch (event.type) {
    case 'seat.invite_resent':
      return { status: 'invited', token_hash: event.token_hash, expires_at: new Date(event.expires_at) };
    case 'seat.invite_expired':
      return { status: 'expired' };
    case 'seat.added':
      return { status: 'accepted', accepted_at: new Date(event.added_at) };
    case 'seat.role_changed':
      return { role: event.role };
    case 'seat.removed':
      return { status: 'removed' };
    default:
      return {};
  }
};
