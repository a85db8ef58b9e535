import Type from 'typebox';
import { contract, EXAMPLE, text, time } from '../../shared/contract.ts';
import { SEAT_ROLES, seatsOf } from './seat.ts';

const service = 'licensing';
const role = Type.Enum([...SEAT_ROLES], { description: 'What the holder may do.' });
const ids = {
  product_id: text('The product of the licence.'),
  license_id: text('The licence that the seat is on.'),
  seat_id: text('The seat. Who holds it, the API tells.'),
};
const invite = {
  invite_id: text('The invitation: each that is sent has its own.'),
  expires_at: time('Until when it may be accepted.'),
};

const example = {
  product_id: EXAMPLE.product,
  license_id: EXAMPLE.license,
  seat_id: 'seat_01jd203c4e6g8j0m2p4r6t8v0x',
};
const subject = seatsOf(example.license_id);
const sent = { invite_id: 'x3k9Qm2vTz7wYb1nRc5eLg', expires_at: '2026-02-07T09:00:00.000Z' };

export const seatContracts = [
  contract({
    type: 'seat.invited',
    service,
    subject,
    description: 'Somebody was invited to a seat of a licence, and has a place until the invitation ends.',
    fields: { ...ids, role, ...invite },
    example: { ...example, role: 'member', ...sent },
  }),
  contract({
    type: 'seat.invite_resent',
    service,
    subject,
    description: 'An invitation was sent again; the one before cannot be accepted any more.',
    fields: { ...ids, role, ...invite },
    example: { ...example, role: 'member', ...sent },
  }),
  contract({
    type: 'seat.invite_expired',
    service,
    subject,
    description: 'An invitation was not accepted in time: its place is free.',
    fields: { ...ids, expires_at: time('When it ended.') },
    example: { ...example, expires_at: sent.expires_at },
  }),
  contract({
    type: 'seat.added',
    service,
    subject,
    description: 'An invitation was accepted: the seat is taken.',
    fields: { ...ids, role },
    example: { ...example, role: 'member' },
  }),
  contract({
    type: 'seat.role_changed',
    service,
    subject,
    description: 'The holder of a seat has another role.',
    fields: { ...ids, role, previous_role: Type.Enum([...SEAT_ROLES], { description: 'The role before.' }) },
    example: { ...example, role: 'admin', previous_role: 'member' },
  }),
  contract({
    type: 'seat.removed',
    service,
    subject,
    description: 'A seat was taken away, or an invitation withdrawn: the place is free.',
    fields: ids,
    example,
  }),
];
