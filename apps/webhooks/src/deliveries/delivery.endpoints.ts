import Type, { type Static } from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Int, Nullable, Page, PageQuery, StrictObject, Text, Timestamp } from '#platform/http/schemas';
import { NOT_FOUND, params } from '../endpoints/endpoint.endpoints.ts';
import { MASK } from '../endpoints/endpoint.settings.ts';
import { DELIVERY_STATUSES } from './delivery.table.ts';

const TAG = 'Webhooks';

const Attempt = StrictObject(
  {
    at: Timestamp,
    duration_ms: Int(0, 2_147_483_647),
    response_status: Nullable(Int(100, 999)),
    response_body: Nullable(Type.String({ description: 'Its first 4 KiB.' })),
    error: Nullable(
      Type.String({ description: 'Why there was no answer, or what is wrong with it.', examples: ['ADDRESS_REFUSED'] }),
    ),
    error_detail: Nullable(
      Type.String({
        description: 'For `BAD_RESPONSE`: in which way the answer is not HTTP/1.1.',
        examples: ['Parse Error: Expected HTTP/, RTSP/ or ICE/'],
      }),
    ),
  },
  { $id: 'DeliveryAttempt' },
);

const Status = Type.Enum([...DELIVERY_STATUSES]);

export const Delivery = StrictObject(
  {
    id: Id('dlv'),
    event_id: Id('evt'),
    event_type: Type.String(),
    subject: Nullable(Type.String({ description: 'Id of the aggregate that the event is about.' })),
    position: Int(0, Number.MAX_SAFE_INTEGER),
    status: Status,
    created_at: Timestamp,
    next_attempt_at: Nullable(Timestamp),
    replay_id: Nullable(Id('rpl')),
    attempts: Type.Array(Attempt, { description: 'Oldest first.' }),
  },
  { $id: 'Delivery' },
);
export type Delivery = Static<typeof Delivery>;

const deliveryParams = StrictObject({ id: Id('whk'), delivery_id: Id('dlv') });
const DELIVERY_NOT_FOUND = { status: 404, code: 'DELIVERY_NOT_FOUND' };

export const listDeliveries = endpoint({
  method: 'GET',
  path: '/admin/webhooks/:id/deliveries',
  operation: 'listDeliveries',
  tag: TAG,
  summary: 'List the deliveries of a webhook, newest first',
  auth: 'admin',
  params,
  query: PageQuery({
    status: Type.Optional(Status),
    event_type: Type.Optional(Text(100, { min: 1 })),
    event_id: Type.Optional(Id('evt')),
    subject: Type.Optional(Text(255, { min: 1 })),
    since: Type.Optional({ ...Timestamp, description: 'Made then or later.' }),
    until: Type.Optional({ ...Timestamp, description: 'Made before then.' }),
    response_status: Type.Optional({ ...Int(100, 999), description: 'Status of the last answer.' }),
  }),
  answers: { 200: { description: 'A page of deliveries.', schema: Page(Delivery) } },
  problems: [NOT_FOUND],
});

export const readDelivery = endpoint({
  method: 'GET',
  path: '/admin/webhooks/:id/deliveries/:delivery_id',
  operation: 'readDelivery',
  tag: TAG,
  summary: 'Read a delivery with its attempts',
  auth: 'admin',
  params: deliveryParams,
  answers: { 200: { description: 'The delivery.', schema: Delivery } },
  problems: [NOT_FOUND, DELIVERY_NOT_FOUND],
});

export const AttemptRequest = StrictObject(
  {
    method: Type.Literal('POST'),
    url: Type.String(),
    headers: Type.Record(Type.String(), Type.String(), {
      description: `Secrets and signatures stand there as ${MASK}.`,
    }),
    body: Type.String(),
  },
  { $id: 'DeliveryRequest' },
);
export type AttemptRequest = Static<typeof AttemptRequest>;

export const listAttempts = endpoint({
  method: 'GET',
  path: '/admin/webhooks/:id/deliveries/:delivery_id/attempts',
  operation: 'listDeliveryAttempts',
  tag: TAG,
  summary: 'List the attempts of a delivery, newest first, each with its request',
  auth: 'admin',
  params: deliveryParams,
  query: PageQuery({}),
  answers: {
    200: {
      description: 'A page of attempts.',
      schema: Page(
        StrictObject(
          {
            ...Attempt.properties,
            request: Nullable(AttemptRequest),
          },
          { $id: 'DeliveryAttemptInFull' },
        ),
      ),
    },
  },
  problems: [NOT_FOUND, DELIVERY_NOT_FOUND],
});

export const testWebhook = endpoint({
  method: 'POST',
  path: '/admin/webhooks/:id/test',
  operation: 'testWebhook',
  tag: TAG,
  summary: 'Send a webhook an event of type `webhook.test`, whatever its types and filter',
  auth: 'admin',
  params,
  answers: { 202: { description: 'The delivery, which is pending.', schema: Delivery } },
  problems: [NOT_FOUND, { status: 409, code: 'WEBHOOK_DISABLED' }],
});

export const resendDelivery = endpoint({
  method: 'POST',
  path: '/admin/webhooks/:id/deliveries/:delivery_id/resend',
  operation: 'resendDelivery',
  tag: TAG,
  summary: 'Send a delivery again now, whatever became of it, under the same webhook-id',
  auth: 'admin',
  params: deliveryParams,
  answers: { 202: { description: 'The delivery, which is pending again.', schema: Delivery } },
  problems: [NOT_FOUND, DELIVERY_NOT_FOUND],
});
