import Type, { type Static } from 'typebox';
import { IDENTIFIER_TYPES, LICENSE_STATUSES } from '#domain/licensing/license/license';
import { endpoint } from '#platform/http/endpoint';
import { Id, Identifier, Nullable, Page, PageQuery, SearchText, StrictObject, Timestamp } from '#platform/http/schemas';
import { LICENSE_KEY } from '../identification/license-key.scheme.ts';
import { Identity, LicenseKey } from '../verification/verification.endpoints.ts';

const UNUSABLE = ['SUSPENDED', 'REVOKED', 'EXPIRED', 'CANCELED', 'NOT_YET_VALID'].map((why) => ({
  status: 409,
  code: `LICENSE_${why}`,
}));
const NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };

const Activated = StrictObject(
  {
    activation_id: Id('act'),
    license_id: Id('lic'),
    status: Type.Enum([...LICENSE_STATUSES], { description: 'Of the license.' }),
    identifier_type: Type.Enum([...IDENTIFIER_TYPES]),
    label: Nullable(Type.String()),
    activated_at: Timestamp,
    activations: Type.Integer(),
    max_activations: Nullable(Type.Integer()),
    valid_until: Nullable(Timestamp),
    token: Type.String({ description: 'Offline token (`lease+jwt`).' }),
  },
  { $id: 'Activated' },
);

export const activateLicense = endpoint({
  method: 'POST',
  path: '/license/activate',
  operation: 'activateLicense',
  tag: 'License',
  summary: 'Activate a device or a user',
  auth: LICENSE_KEY,
  body: StrictObject({
    license_key: LicenseKey,
    identifier: Identifier,
    identifier_type: Type.Optional(Type.Enum([...IDENTIFIER_TYPES])),
    label: Type.Optional(Nullable(SearchText(200))),
    identity: Type.Optional(Identity),
  }),
  answers: {
    201: { description: 'It is active now.', schema: Activated },
    200: { description: 'It was active already.', schema: Activated },
  },
  problems: [
    NOT_FOUND,
    ...UNUSABLE,
    { status: 409, code: 'ACTIVATION_LIMIT_REACHED' },
    { status: 409, code: 'FINGERPRINT_MISMATCH' },
    { status: 409, code: 'IDENTITY_MISMATCH' },
    { status: 400, code: 'IDENTITY_REQUIRED' },
    { status: 403, code: 'FEATURE_NOT_AVAILABLE' },
    { status: 429, code: 'TOO_MANY_FAILURES' },
  ],
});

export const deactivateLicense = endpoint({
  method: 'POST',
  path: '/license/deactivate',
  operation: 'deactivateLicense',
  tag: 'License',
  summary: 'Remove the activation of this device or user',
  auth: LICENSE_KEY,
  body: StrictObject({ license_key: LicenseKey, identifier: Identifier }),
  answers: {
    200: {
      description: 'It is no longer active.',
      schema: StrictObject({
        activation_id: Id('act'),
        license_id: Id('lic'),
        activations: Type.Integer(),
        max_activations: Nullable(Type.Integer()),
      }),
    },
  },
  problems: [
    NOT_FOUND,
    { status: 404, code: 'ACTIVATION_NOT_FOUND' },
    { status: 409, code: 'LICENSE_REVOKED' },
    { status: 409, code: 'DEACTIVATION_LIMIT_REACHED' },
    { status: 429, code: 'TOO_MANY_FAILURES' },
  ],
});

const fields = {
  id: Id('act'),
  license_id: Id('lic'),
  product_id: Id('prod'),
  identifier: Nullable(Type.String()),
  identifier_hash: Type.String(),
  identifier_type: Type.Enum([...IDENTIFIER_TYPES]),
  label: Nullable(Type.String()),
  ip: Nullable(Type.String()),
  activated_at: Timestamp,
  last_verified: Nullable(Timestamp),
};
export const ActivationOfLicense = StrictObject(fields, { $id: 'Activation' });
export type ActivationOfLicense = Static<typeof ActivationOfLicense>;

export const searchActivations = endpoint({
  method: 'GET',
  path: '/admin/activations',
  operation: 'searchActivations',
  tag: 'Licenses',
  summary: 'Active devices and users, those of the newest licenses first',
  auth: 'licenses:write',
  query: PageQuery({
    product_id: Type.Optional(Id('prod')),
    format: Type.Optional(
      Type.Enum(['csv', 'ndjson'], {
        description: 'All matches as a file instead of a page; `limit` is ignored.',
      }),
    ),
  }),
  answers: {
    200: {
      description: 'A page of activations.',
      schema: Page(ActivationOfLicense),
      files: ['text/csv', 'application/x-ndjson'],
    },
  },
  problems: [],
});

export const listActivations = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id/activations',
  operation: 'listActivations',
  tag: 'Licenses',
  summary: 'Active devices and users of a license, oldest first',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic') }),
  answers: {
    200: {
      description: 'All of them.',
      schema: StrictObject({
        data: Type.Array(ActivationOfLicense),
        next_cursor: Type.Null(),
      }),
    },
  },
  problems: [NOT_FOUND],
});

export const removeActivation = endpoint({
  method: 'DELETE',
  path: '/admin/licenses/:id/activations/:activation_id',
  operation: 'removeActivation',
  tag: 'Licenses',
  summary: 'Remove an activation',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic'), activation_id: Id('act') }),
  answers: { 204: { description: 'It is gone.', schema: null } },
  problems: [NOT_FOUND, { status: 404, code: 'ACTIVATION_NOT_FOUND' }, { status: 409, code: 'LICENSE_REVOKED' }],
});
