import Type, { type Static } from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import {
  Id,
  Identifier,
  Nullable,
  Page,
  PageQuery,
  SearchText,
  StrictObject,
  Text,
  Timestamp,
} from '#platform/http/schemas';
import { LICENSE_KEY } from '../identification/license-key.scheme.ts';
import { LicenseKey } from '../verification/verification.endpoints.ts';

const TAG = 'License';
const LICENSE_NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };
const SESSION_NOT_FOUND = { status: 404, code: 'SESSION_NOT_FOUND' };
const REVOKED = { status: 409, code: 'LICENSE_REVOKED' };
const LIMIT = { status: 409, code: 'FLOATING_LIMIT_REACHED' };
const BY_KEY = [
  LICENSE_NOT_FOUND,
  { status: 403, code: 'FEATURE_NOT_AVAILABLE' },
  { status: 429, code: 'TOO_MANY_FAILURES' },
];
const UNUSABLE = ['SUSPENDED', 'REVOKED', 'EXPIRED', 'CANCELED', 'NOT_YET_VALID'].map((why) => ({
  status: 409,
  code: `LICENSE_${why}`,
}));

const counts = {
  active_sessions: Type.Integer({ description: 'Active sessions of the license, including this one.' }),
  max_sessions: Nullable(Type.Integer({ description: 'Maximum number of active sessions; null = unlimited.' })),
};
const CheckedOut = StrictObject(
  {
    session_id: Id('sess'),
    license_id: Id('lic'),
    expires_at: Type.Unsafe<string>({
      ...Timestamp,
      description: 'When it expires without a heartbeat. An expired session cannot be continued.',
    }),
    borrowed_until: Nullable(Timestamp),
    ...counts,
    token: Nullable(
      Type.String({ description: 'Offline token (`lease+jwt`) for the time of the loan; null if it is not borrowed.' }),
    ),
  },
  { $id: 'FloatingSession' },
);
/** Accepts any text: an id of an unknown session is refused with the advice to check out, not as invalid input. */
const SessionId = Text(100, { min: 1 });

export const checkOutSession = endpoint({
  method: 'POST',
  path: '/license/floating/checkout',
  operation: 'checkOutSession',
  tag: TAG,
  summary: 'Check out a session of a floating license, or continue the session of this device or user',
  auth: LICENSE_KEY,
  body: StrictObject({
    license_key: LicenseKey,
    identifier: Identifier,
    label: Type.Optional(Nullable(SearchText(200))),
    borrow_until: Type.Optional(
      Type.Unsafe<string>({
        ...Timestamp,
        description:
          'Borrows the session until this time, to work offline with `token`: at most `max_borrow_days` of the plan from now. The session counts until this time, or until it is checked in.',
      }),
    ),
  }),
  answers: {
    201: { description: 'A session has begun.', schema: CheckedOut },
    200: { description: 'The session of this device or user continues.', schema: CheckedOut },
  },
  problems: [...BY_KEY, ...UNUSABLE, LIMIT, { status: 409, code: 'BORROW_LIMIT_EXCEEDED' }],
});

export const keepSession = endpoint({
  method: 'POST',
  path: '/license/floating/heartbeat',
  operation: 'keepSession',
  tag: TAG,
  summary: 'Renew a session of a floating license (heartbeat)',
  auth: LICENSE_KEY,
  body: StrictObject({ license_key: LicenseKey, session_id: SessionId }),
  answers: { 200: { description: 'The session continues.', schema: CheckedOut } },
  problems: [...BY_KEY, ...UNUSABLE, LIMIT, SESSION_NOT_FOUND, { status: 409, code: 'SESSION_EXPIRED' }],
});

export const checkInSession = endpoint({
  method: 'POST',
  path: '/license/floating/checkin',
  operation: 'checkInSession',
  tag: TAG,
  summary: 'Check in a session of a floating license',
  auth: LICENSE_KEY,
  body: StrictObject({ license_key: LicenseKey, session_id: SessionId }),
  answers: {
    200: {
      description: 'The session has ended, now or earlier.',
      schema: StrictObject(
        { session_id: Id('sess'), license_id: Id('lic'), expires_at: Type.Null(), ...counts },
        { $id: 'EndedFloatingSession' },
      ),
    },
  },
  problems: [...BY_KEY, SESSION_NOT_FOUND, REVOKED],
});

const Session = StrictObject(
  {
    id: Id('sess'),
    license_id: Id('lic'),
    product_id: Id('prod'),
    identifier: Nullable(Type.String()),
    identifier_hash: Type.String(),
    label: Nullable(Type.String()),
    checked_out_at: Timestamp,
    renewed_at: Timestamp,
    expires_at: Timestamp,
    borrowed_until: Nullable(Timestamp),
  },
  { $id: 'Session' },
);
export type SessionView = Static<typeof Session>;

export const listSessions = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id/sessions',
  operation: 'listSessions',
  tag: 'Licenses',
  summary: 'Active sessions of a floating license, oldest first',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic') }),
  query: PageQuery({}),
  answers: { 200: { description: 'A page of sessions.', schema: Page(Session) } },
  problems: [LICENSE_NOT_FOUND],
});

export const endSession = endpoint({
  method: 'DELETE',
  path: '/admin/licenses/:id/sessions/:session_id',
  operation: 'endSession',
  tag: 'Licenses',
  summary: 'End a session of a floating license',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic'), session_id: Id('sess') }),
  answers: { 204: { description: 'It has ended.', schema: null } },
  problems: [LICENSE_NOT_FOUND, SESSION_NOT_FOUND, REVOKED],
});
