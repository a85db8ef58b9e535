import Type from 'typebox';
import { QUOTA_PERIODS } from '#domain/licensing/entitlements/entitlement';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, StrictObject, Text, Timestamp } from '#platform/http/schemas';
import { Feature } from '../entitlements/entitlement.schemas.ts';
import { ENTITLEMENT_NOT_FOUND, LICENSE_NOT_FOUND, Quantity, quotaUse } from './usage.schemas.ts';
import { BUCKETS } from './usage-series.ts';

const TAG = 'Licenses';
const params = StrictObject({ id: Id('lic') });

export const UsageRecord = StrictObject(
  {
    id: Id('evt'),
    license_id: Id('lic'),
    product_id: Id('prod'),
    feature: Feature,
    quantity: Quantity,
    used: Type.Integer({ description: 'Usage in its period, this record included.' }),
    overage: Type.Boolean({ description: 'It was counted above the limit.' }),
    period: Type.Enum([...QUOTA_PERIODS]),
    period_start: Timestamp,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    idempotency_key: Nullable(Type.String()),
    metadata: Nullable(Type.Record(Type.String(), Type.Unknown())),
    actor: StrictObject({ type: Type.String(), id: Type.String() }),
  },
  { $id: 'UsageRecord' },
);

export const listUsage = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id/usage',
  operation: 'listUsage',
  tag: TAG,
  summary: 'The usage records of a license, newest first',
  auth: 'licenses:write',
  params,
  query: PageQuery({ feature: Type.Optional(Feature) }),
  answers: { 200: { description: 'A page of records.', schema: Page(UsageRecord) } },
  problems: [LICENSE_NOT_FOUND],
});

export const readUsageSeries = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id/usage/series',
  operation: 'readUsageSeries',
  tag: TAG,
  summary: 'How much a license used of a feature by the hour, day or month, in UTC',
  auth: 'licenses:write',
  params,
  query: StrictObject({
    feature: Feature,
    bucket: Type.Optional(Type.Enum([...BUCKETS], { default: 'day' })),
    from: Type.Optional(Timestamp),
    to: Type.Optional(Timestamp),
  }),
  answers: {
    200: {
      description: 'All buckets of the requested time, oldest first.',
      schema: StrictObject(
        {
          license_id: Id('lic'),
          feature: Feature,
          bucket: Type.Enum([...BUCKETS]),
          from: Timestamp,
          to: Timestamp,
          data: Type.Array(
            StrictObject(
              { start: Timestamp, quantity: Type.Integer(), records: Type.Integer() },
              { $id: 'UsageBucket' },
            ),
          ),
        },
        { $id: 'UsageSeries' },
      ),
    },
  },
  problems: [LICENSE_NOT_FOUND],
});

export const resetUsage = endpoint({
  method: 'POST',
  path: '/admin/licenses/:id/usage/reset',
  operation: 'resetUsage',
  tag: TAG,
  summary: 'Reset the usage of a quota in the present period to zero; `If-Match` is the ETag of the license',
  auth: 'licenses:write',
  params,
  body: StrictObject({ feature: Feature, reason: Text(500, { min: 1 }) }),
  answers: {
    200: {
      description: 'The quota as it is now.',
      schema: StrictObject({ license_id: Id('lic'), feature: Feature, ...quotaUse }, { $id: 'QuotaReset' }),
    },
  },
  problems: [LICENSE_NOT_FOUND, ENTITLEMENT_NOT_FOUND, { status: 409, code: 'LICENSE_REVOKED' }],
});
