import Type, { type Static, type TSchema } from 'typebox';
import { LICENSE_STATUSES } from '#domain/licensing/license/license';
import { endpoint, type EndpointContract } from '#platform/http/endpoint';
import {
  Email,
  Id,
  Metadata,
  Nullable,
  Page,
  PageQuery,
  SearchText,
  StrictObject,
  Text,
  Timestamp,
} from '#platform/http/schemas';
import { readEmail } from '#platform/mail/address';

const TAG = 'Licenses';

const description = {
  name: Nullable(SearchText(200)),
  org_name: Nullable(SearchText(200)),
  external_customer_id: Nullable(Text(255)),
  external_workspace_id: Nullable(Text(255)),
  notes: Nullable(Text(5_000, { multiline: true })),
};
const Reason = Nullable(Text(500));
const Quantity = Type.Integer({
  minimum: 1,
  maximum: 1_000_000,
  description: 'Units: activations, seats and floating sessions of the plan are multiplied by it.',
});

const fields = {
  id: Id('lic'),
  product_id: Id('prod'),
  plan_id: Id('plan'),
  customer_id: Type.String(),
  email: Nullable(Type.String({ description: 'null once the person has been forgotten.' })),
  ...description,
  status: Type.Enum([...LICENSE_STATUSES]),
  valid_from: Timestamp,
  valid_until: Nullable(Timestamp),
  term_started_at: Nullable(
    Type.Unsafe<string>({ ...Timestamp, description: 'null while the term waits for the first activation.' }),
  ),
  term_anchor: Nullable(
    Type.Unsafe<string>({
      ...Timestamp,
      description:
        'The ends of its terms are calculated from this time: monthly from Jan 31 to Feb 28, then Mar 31. null while the term waits for the first activation.',
    }),
  ),
  updates_until: Nullable(
    Type.Unsafe<string>({
      ...Timestamp,
      description: 'New releases are included until this time; null = as long as the license works.',
    }),
  ),
  subscription_id: Nullable(
    Type.String({ description: 'The subscription that gives the license its term; null = none.' }),
  ),
  payment_provider: Nullable(
    Type.String({ description: 'How it is paid: `stripe`, `bank_transfer`, `grant`, …; null = it was not sold.' }),
  ),
  invoice_id: Nullable(Type.String({ description: 'The invoice that the license was bought with once; null = none.' })),
  quantity: Quantity,
  past_due_at: Nullable(
    Type.Unsafe<string>({ ...Timestamp, description: 'Since when a payment or renewal is missing; null = it is not.' }),
  ),
  activations: Type.Integer({ description: 'Devices and users that are active.' }),
  metadata: Type.Record(Type.String(), Type.Unknown()),
  created_at: Timestamp,
};

export const License = StrictObject(fields, { $id: 'License' });
export type License = Static<typeof License>;

export const IssuedLicense = StrictObject({ ...fields, license_key: Type.String() }, { $id: 'IssuedLicense' });

const params = StrictObject({ id: Id('lic') });
const NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };
const REVOKED = { status: 409, code: 'LICENSE_REVOKED' };

export const issueLicense = endpoint({
  method: 'POST',
  path: '/admin/licenses',
  operation: 'issueLicense',
  tag: TAG,
  summary: 'Issue a license',
  auth: 'licenses:write',
  body: StrictObject({
    product_id: Id('prod'),
    plan_id: Id('plan'),
    email: Email,
    name: Type.Optional(description.name),
    org_name: Type.Optional(description.org_name),
    external_customer_id: Type.Optional(description.external_customer_id),
    external_workspace_id: Type.Optional(description.external_workspace_id),
    valid_from: Type.Optional(Nullable(Timestamp)),
    valid_until: Type.Optional(Nullable(Timestamp)),
    term_anchor: Type.Optional(
      Nullable(
        Type.Unsafe<string>({
          ...Timestamp,
          description:
            'For an import: the `term_anchor` that an export shows. Left out, terms are counted from the beginning of the first one.',
        }),
      ),
    ),
    updates_until: Type.Optional(Nullable(Timestamp)),
    skip_trial: Type.Optional(
      Type.Boolean({ description: 'Begin with the full term, even if the plan grants days of trial.' }),
    ),
    quantity: Type.Optional(Quantity),
    notes: Type.Optional(description.notes),
    metadata: Type.Optional(Metadata),
  }),
  answers: { 201: { description: 'The license, with its key.', schema: IssuedLicense } },
  problems: [
    { status: 404, code: 'PRODUCT_NOT_FOUND' },
    { status: 404, code: 'PLAN_NOT_FOUND' },
    { status: 400, code: 'INVALID_TERM' },
    { status: 409, code: 'PLAN_INACTIVE' },
    { status: 409, code: 'TRIAL_USED' },
  ],
});

export const listLicenses = endpoint({
  method: 'GET',
  path: '/admin/licenses',
  operation: 'listLicenses',
  tag: TAG,
  summary: 'List and search licenses, newest first',
  auth: 'licenses:write',
  query: PageQuery({
    product_id: Type.Optional(Id('prod')),
    plan_id: Type.Optional(Id('plan')),
    status: Type.Optional(Type.Enum([...LICENSE_STATUSES])),
    email: Type.Optional(
      Type.String({ ...Text(254, { min: 1 }), normalize: (text: string) => readEmail(text) ?? text.trim() }),
    ),
    external_customer_id: Type.Optional(Text(255, { min: 1 })),
    subscription_id: Type.Optional(Id('sub')),
    invoice_id: Type.Optional(Id('inv')),
    q: Type.Optional(SearchText(200, { min: 1 })),
    format: Type.Optional(
      Type.Enum(['csv', 'ndjson'], {
        description: 'All matches as a file instead of a page; `limit` is ignored.',
      }),
    ),
  }),
  answers: {
    200: { description: 'A page of licenses.', schema: Page(License), files: ['text/csv', 'application/x-ndjson'] },
  },
  problems: [],
});

export const readLicense = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id',
  operation: 'readLicense',
  tag: TAG,
  summary: 'Read a license, in its present or an earlier state',
  auth: 'licenses:write',
  params,
  query: StrictObject({ as_of: Type.Optional(Timestamp) }),
  answers: { 200: { description: 'The license.', schema: License, etag: true } },
  problems: [NOT_FOUND],
});

export const updateLicense = endpoint({
  method: 'PATCH',
  path: '/admin/licenses/:id',
  operation: 'updateLicense',
  tag: TAG,
  summary: 'Change the description of a license',
  auth: 'licenses:write',
  params,
  body: Type.Partial(Type.Object({ ...description, metadata: Metadata }), { additionalProperties: false }),
  answers: { 200: { description: 'The license.', schema: License } },
  problems: [NOT_FOUND, REVOKED],
});

/** A change of a license's state: `POST /admin/licenses/{id}/<action>`. */
const transition = <B extends TSchema>(
  action: string,
  operation: string,
  summary: string,
  body: B,
  codes: readonly string[],
) =>
  endpoint({
    method: 'POST',
    path: `/admin/licenses/:id/${action}`,
    operation,
    tag: TAG,
    summary,
    auth: 'licenses:write',
    params,
    body,
    answers: { 200: { description: 'The license as it is now.', schema: License } },
    problems: [
      NOT_FOUND,
      ...codes.map((code) => ({ status: code === 'INVALID_TERM' ? 400 : code === 'PLAN_NOT_FOUND' ? 404 : 409, code })),
    ],
  } satisfies EndpointContract);

const Because = StrictObject({ reason: Type.Optional(Reason) });

export const suspendLicense = transition('suspend', 'suspendLicense', 'Suspend a license', Because, [
  'LICENSE_REVOKED',
]);
export const reinstateLicense = transition('reinstate', 'reinstateLicense', 'Reinstate a suspended license', Because, [
  'LICENSE_REVOKED',
  'INVALID_TRANSITION',
]);
export const revokeLicense = transition('revoke', 'revokeLicense', 'Revoke a license for good', Because, []);
export const cancelLicense = transition('cancel', 'cancelLicense', 'Cancel a license at the end of its term', Because, [
  'LICENSE_REVOKED',
  'INVALID_TRANSITION',
]);
export const renewLicense = transition(
  'renew',
  'renewLicense',
  'Give a license its next term',
  StrictObject({
    reason: Type.Optional(Reason),
    valid_until: Type.Optional(Nullable(Timestamp)),
    updates_until: Type.Optional(Nullable(Timestamp)),
  }),
  ['LICENSE_REVOKED', 'LICENSE_SUSPENDED', 'LICENSE_CANCELED', 'INVALID_TERM'],
);
export const changePlan = transition(
  'change-plan',
  'changePlan',
  'Put a license on another plan of its product',
  StrictObject({ plan_id: Id('plan'), reason: Type.Optional(Reason) }),
  [
    'LICENSE_REVOKED',
    'LICENSE_SUSPENDED',
    'LICENSE_CANCELED',
    'PLAN_NOT_FOUND',
    'PLAN_INACTIVE',
    'PLAN_OF_ANOTHER_PRODUCT',
    'TRIAL_USED',
  ],
);

export const revealKey = endpoint({
  method: 'POST',
  path: '/admin/licenses/:id/reveal-key',
  operation: 'revealLicenseKey',
  tag: TAG,
  summary: 'Show a license key; the history of the license records it',
  auth: 'licenses:write',
  params,
  answers: { 200: { description: 'The key.', schema: StrictObject({ license_key: Type.String() }) } },
  problems: [NOT_FOUND],
});

export const licenseHistory = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id/events',
  operation: 'listLicenseEvents',
  tag: TAG,
  summary: 'The history of a license, oldest first',
  auth: 'licenses:write',
  params,
  query: PageQuery({}),
  answers: {
    200: {
      description: 'A page of events.',
      schema: Page(
        StrictObject(
          {
            id: Type.String(),
            type: Type.String(),
            subject: Type.String({ description: 'The license, or what belongs to it: `lic_…/seats`.' }),
            version: Type.Integer(),
            time: Timestamp,
            actor: StrictObject({ type: Type.String(), id: Type.String() }),
            data: Type.Record(Type.String(), Type.Unknown()),
          },
          { $id: 'LicenseHistoryEvent' },
        ),
      ),
    },
  },
  problems: [NOT_FOUND],
});
