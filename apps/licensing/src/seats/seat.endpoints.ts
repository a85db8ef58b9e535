import Type, { type Static } from 'typebox';
import { visible } from '#client/key-text';
import { SEAT_ROLES } from '#domain/licensing/seat/seat';
import { endpoint } from '#platform/http/endpoint';
import { Email, Id, Nullable, Page, PageQuery, StrictObject, Timestamp } from '#platform/http/schemas';

const TAG = 'Seats';
const LICENSE_NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };
const SEAT_NOT_FOUND = { status: 404, code: 'SEAT_NOT_FOUND' };
const REVOKED = { status: 409, code: 'LICENSE_REVOKED' };
const LIMIT = { status: 409, code: 'SEAT_LIMIT_REACHED' };
const EXISTS = { status: 409, code: 'SEAT_EXISTS' };
const UNUSABLE = [
  REVOKED,
  ...['SUSPENDED', 'EXPIRED', 'CANCELED', 'NOT_YET_VALID'].map((why) => ({ status: 409, code: `LICENSE_${why}` })),
  { status: 403, code: 'FEATURE_NOT_AVAILABLE' },
];

const Role = Type.Enum([...SEAT_ROLES], { description: 'owner: the last one cannot be removed or get another role.' });
const Status = Type.Enum(['invited', 'accepted', 'expired'], {
  description: 'invited and accepted seats count against max_seats; an expired invitation does not.',
});
const params = StrictObject({ id: Id('seat') });

const Seat = StrictObject(
  {
    id: Id('seat'),
    license_id: Id('lic'),
    product_id: Id('prod'),
    email: Nullable(Type.String({ description: 'null after the personal data was forgotten.' })),
    role: Role,
    status: Status,
    invited_at: Timestamp,
    expires_at: Timestamp,
    accepted_at: Nullable(Timestamp),
  },
  { $id: 'Seat' },
);
export type SeatView = Static<typeof Seat>;

export const inviteSeat = endpoint({
  method: 'POST',
  path: '/portal/seats',
  operation: 'inviteSeat',
  tag: TAG,
  summary: 'Invite a person to a seat of a license, by mail',
  auth: 'licenses:write',
  body: StrictObject({ license_id: Id('lic'), email: Email, role: Type.Optional(Role) }),
  answers: { 201: { description: 'The seat is kept until the invitation expires, 7 days from now.', schema: Seat } },
  problems: [LICENSE_NOT_FOUND, ...UNUSABLE, LIMIT, EXISTS],
});

export const listSeats = endpoint({
  method: 'GET',
  path: '/portal/seats',
  operation: 'listSeats',
  tag: TAG,
  summary: 'The seats of a license, oldest first, without removed seats',
  auth: 'licenses:write',
  query: PageQuery({ license_id: Id('lic') }),
  answers: { 200: { description: 'A page of seats.', schema: Page(Seat) } },
  problems: [LICENSE_NOT_FOUND],
});

export const changeSeat = endpoint({
  method: 'PATCH',
  path: '/portal/seats/:id',
  operation: 'changeSeat',
  tag: TAG,
  summary: 'Change the role of a seat',
  auth: 'licenses:write',
  params,
  body: StrictObject({ role: Role }),
  answers: { 200: { description: 'The seat.', schema: Seat } },
  problems: [SEAT_NOT_FOUND, ...UNUSABLE, { status: 409, code: 'LAST_OWNER' }],
});

export const removeSeat = endpoint({
  method: 'DELETE',
  path: '/portal/seats/:id',
  operation: 'removeSeat',
  tag: TAG,
  summary: 'Remove a seat, or withdraw its invitation',
  auth: 'licenses:write',
  params,
  answers: { 204: { description: 'The seat is removed.', schema: null } },
  problems: [SEAT_NOT_FOUND, REVOKED, { status: 409, code: 'LAST_OWNER' }],
});

export const resendInvite = endpoint({
  method: 'POST',
  path: '/portal/seats/:id/resend',
  operation: 'resendInvite',
  tag: TAG,
  summary: 'Send an invitation again, with a new token for another week; the earlier token no longer works',
  auth: 'licenses:write',
  params,
  answers: { 200: { description: 'The seat.', schema: Seat } },
  problems: [SEAT_NOT_FOUND, ...UNUSABLE, LIMIT, EXISTS, { status: 409, code: 'SEAT_ACCEPTED' }],
});

export const acceptInvite = endpoint({
  method: 'POST',
  path: '/invites/accept',
  operation: 'acceptInvite',
  tag: TAG,
  summary: 'Accept an invitation with the token of its mail',
  auth: 'public',
  body: StrictObject({ token: Type.String({ normalize: visible, minLength: 1, maxLength: 200 }) }),
  answers: { 200: { description: 'The seat is taken.', schema: Seat } },
  problems: [
    { status: 404, code: 'INVITE_NOT_FOUND' },
    { status: 410, code: 'INVITE_USED' },
    { status: 410, code: 'INVITE_EXPIRED' },
    { status: 410, code: 'INVITE_WITHDRAWN' },
    ...UNUSABLE,
    LIMIT,
    { status: 429, code: 'TOO_MANY_FAILURES' },
  ],
});
