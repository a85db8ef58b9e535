import Type from 'typebox';
import { AGGREGATIONS } from '#domain/billing/price/price.terms';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, StrictObject, Timestamp } from '#platform/http/schemas';
import { GROUPS } from './usage-store.ts';

const TAG = 'Usage';

const Metric = Type.String({
  pattern: '^[a-z0-9]+([._-][a-z0-9]+)*$',
  minLength: 1,
  maxLength: 100,
  description: 'The feature that was used.',
  examples: ['api_calls'],
});
/** One of the two. */
const whose = { subscription_id: Type.Optional(Id('sub')), license_id: Type.Optional(Id('lic')) };
const from = Type.Unsafe<string>({ ...Timestamp, description: 'Used at this time or later.' });
const to = Type.Unsafe<string>({ ...Timestamp, description: 'Used before this time.' });
const Value = Type.Number({ minimum: 0, description: 'Values above 2^53−1 are rounded, as JSON numbers are.' });
const NOT_FOUND = { status: 404, code: 'SUBSCRIPTION_NOT_FOUND' };

export const sumUsage = endpoint({
  method: 'GET',
  path: '/admin/usage/sum',
  operation: 'sumUsage',
  tag: TAG,
  summary: 'What a license used of a feature in a time, as one value and by unit of the calendar (UTC)',
  auth: 'billing:write',
  query: StrictObject({
    ...whose,
    metric: Metric,
    from,
    to,
    aggregation: Type.Optional(Type.Enum([...AGGREGATIONS], { default: 'sum' })),
    group_by: Type.Optional(Type.Enum([...GROUPS])),
  }),
  answers: {
    200: {
      description: 'The value for [from, to).',
      schema: StrictObject(
        {
          license_id: Id('lic'),
          metric: Metric,
          aggregation: Type.Enum([...AGGREGATIONS]),
          from: Timestamp,
          to: Timestamp,
          value: Value,
          groups: Type.Optional(
            Type.Array(StrictObject({ start: Timestamp, value: Value }, { $id: 'UsageGroup' }), {
              description:
                'With `group_by`: each unit that overlaps [from, to), oldest first; usage outside is left out.',
            }),
          ),
        },
        { $id: 'UsageSum' },
      ),
    },
  },
  problems: [NOT_FOUND],
});

export const listUsageRecords = endpoint({
  method: 'GET',
  path: '/admin/usage/records',
  operation: 'listUsageRecords',
  tag: TAG,
  summary: 'The usage of a license that billing knows, newest first by the time of use',
  auth: 'billing:write',
  query: PageQuery({ ...whose, metric: Type.Optional(Metric), from: Type.Optional(from), to: Type.Optional(to) }),
  answers: {
    200: {
      description: 'A page of records.',
      schema: Page(
        StrictObject(
          {
            id: Id('evt'),
            license_id: Id('lic'),
            product_id: Id('prod'),
            metric: Metric,
            quantity: Type.Integer({ minimum: 1 }),
            occurred_at: Timestamp,
            unique_key: Nullable(
              Type.String({ description: 'A hash of `unique_key` in the metadata; null = none was given.' }),
            ),
          },
          { $id: 'BilledUsageRecord' },
        ),
      ),
    },
  },
  problems: [NOT_FOUND],
});
