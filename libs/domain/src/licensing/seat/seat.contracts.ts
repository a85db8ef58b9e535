import Type from 'typebox';
import { contract, EXAMPLE, text, time } from '../../shared/contract.ts';
import { SEAT_ROLES, seatsOf } from './seat.ts';

const service = 'licensing';
const role = Type.Enum([...SEAT_ROLES], { description: 'What the holder may do.' });
const ids = {
  product_id: text('The product of the license.'),
  license_id: text('The license that the seat belongs to.'),
  seat_id: text('The seat. The API shows its holder.'),
};
const invite = {
  invite_id: text('The invitation: each one sent has its own id.'),
  expires_at: time('When it expires.'),
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
    description:
      'A person was invited to a seat of a license. The invitation counts against the limit until it expires.',
    fields: { ...ids, role, ...invite },
    example: { ...example, role: 'member', ...sent },
  }),
  contract({
    type: 'seat.invite_resent',
    service,
    subject,
    description: 'An invitation was sent again; the earlier token is no longer valid.',
    fields: { ...ids, role, ...invite },
    example: { ...example, role: 'member', ...sent },
  }),
  contract({
    type: 'seat.invite_expired',
    service,
    subject,
    description: 'An invitation was not accepted in time and no longer counts against the limit.',
    fields: { ...ids, expires_at: time('When it expired.') },
    example: { ...example, expires_at: sent.expires_at },
  }),
  contract({
    type: 'seat.added',
    service,
    subject,
    description: 'An invitation was accepted.',
    fields: { ...ids, role },
    example: { ...example, role: 'member' },
  }),
  contract({
    type: 'seat.role_changed',
    service,
    subject,
    description: 'The role of a seat was changed.',
    fields: { ...ids, role, previous_role: Type.Enum([...SEAT_ROLES], { description: 'The role before.' }) },
    example: { ...example, role: 'admin', previous_role: 'member' },
  }),
  contract({
    type: 'seat.removed',
    service,
    subject,
    description: 'A seat was removed, or an invitation withdrawn.',
    fields: ids,
    example,
  }),
];
