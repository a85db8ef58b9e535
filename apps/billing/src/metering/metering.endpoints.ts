import Type, { type Static } from 'typebox';
import { METERING_STATUSES } from '#domain/billing/metering/reporting';
import { AGGREGATIONS } from '#domain/billing/price/price.terms';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, StrictObject, Timestamp } from '#platform/http/schemas';

const TAG = 'Usage';
const auth = 'billing:write';

const Status = Type.Enum([...METERING_STATUSES], {
  description:
    '`pending`: not reported yet. `synced`: the meter has it. `failed`: it is tried again by itself. `dead`: it is not tried again until it is retried.',
});

export const MeteredDelta = StrictObject(
  {
    id: Id('mtr'),
    license_id: Id('lic'),
    subscription_id: Id('sub'),
    customer_id: Id('cus'),
    feature: Type.String(),
    meter_event_name: Type.String({ description: 'The meter at the provider.' }),
    aggregation: Type.Enum([...AGGREGATIONS]),
    quantity: Nullable(
      Type.Number({
        minimum: 0,
        description:
          'What the meter gets; values above 2^53−1 are rounded, as JSON numbers are. null = the final number of a period, which is counted when the period has ended.',
      }),
    ),
    period_key: Type.Unsafe<string>({
      ...Timestamp,
      description: 'The start of the period that the usage is billed in.',
    }),
    minute: Type.Unsafe<string>({
      ...Timestamp,
      description: 'The minute in which the meter gets it: no other report of the customer and the meter has it.',
    }),
    identifier: Type.String({ maxLength: 100, description: 'Names the report at the provider.' }),
    status: Status,
    synced: Type.Boolean(),
    synced_at: Nullable(Timestamp),
    external_id: Nullable(Type.String({ description: 'What the provider calls it.' })),
    attempts: Type.Integer({ minimum: 0 }),
    last_error: Nullable(Type.String()),
    next_attempt_at: Nullable(Timestamp),
  },
  { $id: 'MeteredDelta' },
);
export type MeteredDelta = Static<typeof MeteredDelta>;

export const listMetering = endpoint({
  method: 'GET',
  path: '/admin/metering',
  operation: 'listMetering',
  tag: TAG,
  summary: 'List the usage that is reported to meters of a provider, newest usage first',
  auth,
  query: PageQuery({ status: Type.Optional(Status), license_id: Type.Optional(Id('lic')) }),
  answers: { 200: { description: 'A page of reports.', schema: Page(MeteredDelta) } },
  problems: [],
});

export const retryMetering = endpoint({
  method: 'POST',
  path: '/admin/metering/:id/retry',
  operation: 'retryMetering',
  tag: TAG,
  summary: 'Have usage reported again whose report has failed',
  auth,
  params: StrictObject({ id: Id('mtr') }),
  answers: { 200: { description: 'The report, which is pending.', schema: MeteredDelta } },
  problems: [
    { status: 404, code: 'METERED_DELTA_NOT_FOUND' },
    { status: 409, code: 'METERED_DELTA_REPORTED' },
  ],
});
