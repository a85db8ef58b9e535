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
  active_sessions: Type.Integer({ description: 'Sessions of the license that run, this one among them.' }),
  max_sessions: Nullable(Type.Integer({ description: 'How many may run at once; null = any number.' })),
};
const CheckedOut = StrictObject(
  {
    session_id: Id('sess'),
    license_id: Id('lic'),
    expires_at: Type.Unsafe<string>({
      ...Timestamp,
      description: 'When it ends unless a heartbeat comes before. What ended by itself cannot be continued.',
    }),
    borrowed_until: Nullable(Timestamp),
    ...counts,
    token: Nullable(
      Type.String({ description: 'Offline token (`lease+jwt`) for as long as it is borrowed; null when it is not.' }),
    ),
  },
  { $id: 'FloatingSession' },
);
/** Any text: who sends what is no session of ours is told to check out. */
const SessionId = Text(100, { min: 1 });

export const checkOutSession = endpoint({
  method: 'POST',
  path: '/license/floating/checkout',
  operation: 'checkOutSession',
  tag: TAG,
  summary: 'Check out a session of a floating license, or go on with the one that this device or user has',
  auth: LICENSE_KEY,
  body: StrictObject({
    license_key: LicenseKey,
    identifier: Identifier,
    label: Type.Optional(Nullable(SearchText(200))),
    borrow_until: Type.Optional(
      Type.Unsafe<string>({
        ...Timestamp,
        description:
          'Borrows the session until then, to work offline with `token`: at most `max_borrow_days` of the plan from now. It counts until then, or until it is checked in.',
      }),
    ),
  }),
  answers: {
    201: { description: 'A session runs.', schema: CheckedOut },
    200: { description: 'The session of this device or user goes on.', schema: CheckedOut },
  },
  problems: [...BY_KEY, ...UNUSABLE, LIMIT, { status: 409, code: 'BORROW_LIMIT_EXCEEDED' }],
});

export const keepSession = endpoint({
  method: 'POST',
  path: '/license/floating/heartbeat',
  operation: 'keepSession',
  tag: TAG,
  summary: 'Keep a session of a floating license',
  auth: LICENSE_KEY,
  body: StrictObject({ license_key: LicenseKey, session_id: SessionId }),
  answers: { 200: { description: 'The session goes on.', schema: CheckedOut } },
  problems: [...BY_KEY, ...UNUSABLE, LIMIT, SESSION_NOT_FOUND, { status: 409, code: 'SESSION_EXPIRED' }],
});

export const checkInSession = endpoint({
  method: 'POST',
  path: '/license/floating/checkin',
  operation: 'checkInSession',
  tag: TAG,
  summary: 'Give a session of a floating license back',
  auth: LICENSE_KEY,
  body: StrictObject({ license_key: LicenseKey, session_id: SessionId }),
  answers: {
    200: {
      description: 'The session has ended, now or before.',
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
  summary: 'Sessions of a floating license that run, oldest first',
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
