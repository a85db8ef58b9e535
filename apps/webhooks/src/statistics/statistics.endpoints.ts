import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Int, Nullable, StrictObject, Timestamp } from '#platform/http/schemas';
import { NOT_FOUND, params } from '../endpoints/endpoint.endpoints.ts';

const Count = Int(0, Number.MAX_SAFE_INTEGER);
const Milliseconds = Nullable(Type.Number({ minimum: 0 }));
const figures = {
  attempts: Count,
  succeeded: Count,
  failed: Count,
  success_rate: Nullable(Type.Number({ minimum: 0, maximum: 1 })),
  latency_ms: StrictObject(
    { p50: Milliseconds, p95: Milliseconds, p99: Milliseconds },
    { description: 'From the request to the end of its answer, of all attempts; right to within a fifth.' },
  ),
};

export const webhookStatistics = endpoint({
  method: 'GET',
  path: '/admin/webhooks/:id/statistics',
  operation: 'readWebhookStatistics',
  tag: 'Webhooks',
  summary: 'How deliveries to a webhook go: success rate and latency by hour or day, and what waits',
  auth: 'admin',
  params,
  query: StrictObject({
    since: Type.Optional({ ...Timestamp, description: 'From the hour of this time on; a day ago when left out.' }),
    until: Type.Optional({ ...Timestamp, description: 'Up to the hour of this time; left out: until now.' }),
    bucket: Type.Optional(Type.Enum(['hour', 'day'], { default: 'hour' })),
  }),
  answers: {
    200: {
      description: 'Attempts count within a second or two.',
      schema: StrictObject(
        {
          ...figures,
          buckets: Type.Array(StrictObject({ from: Timestamp, ...figures }), {
            description: 'Oldest first; those without attempts are left out.',
          }),
          queue: StrictObject({
            pending: { ...Count, description: 'Deliveries to be sent, those that wait behind another included.' },
            waiting: { ...Count, description: 'Of these those that wait behind another: ordered webhooks have them.' },
            oldest_pending_at: Nullable(Timestamp),
            oldest_age_seconds: Nullable(Type.Number({ minimum: 0 })),
          }),
        },
        { $id: 'WebhookStatistics' },
      ),
    },
  },
  problems: [NOT_FOUND],
});
