import Type, { type Static } from 'typebox';
import { DISABLED_REASONS, ORDERINGS } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, SearchText, StrictObject, Timestamp, WebAddress } from '#platform/http/schemas';
import { optionalSettings, settingFields, stateFields } from './endpoint.settings.ts';

const TAG = 'Webhooks';

const Events = Type.Array(
  Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: '^(\\*|[a-z_]+(\\.[a-z_]+)*(\\.\\*)?)$',
    examples: ['license.*'],
  }),
  {
    minItems: 1,
    maxItems: 100,
    description:
      'Event types of the catalogue, and wildcards: `*`, `license.*`. Events about webhooks go to those alone that name them (`webhook.*`).',
  },
);
const Description = Nullable(SearchText(500));
const OrderingOfDeliveries = Type.Enum([...ORDERINGS], {
  description:
    '`none`: deliveries may overtake each other. `by_subject`: none overtakes an earlier one of the same subject that is not done. `strict`: none overtakes any. Settled when the webhook is made.',
});

const fields = {
  id: Id('whk'),
  product_id: Nullable(Id('prod')),
  url: WebAddress,
  description: Description,
  events: Events,
  ordering: OrderingOfDeliveries,
  active: Type.Boolean(),
  disabled_reason: Nullable(
    Type.Enum([...DISABLED_REASONS], {
      description: '`gone`: the endpoint answered 410. `failing`: nothing but failures came of it for five days.',
    }),
  ),
  disabled_at: {
    ...Nullable(Timestamp),
    description: 'When it was switched off last. A replay since then brings what it has missed.',
  },
  created_at: Timestamp,
  ...settingFields,
  ...stateFields,
};

const Secret = Type.String({
  description: '`whsec_` and base64 of the key (Standard Webhooks 1.0). It is shown here, once.',
});

export const Webhook = StrictObject(fields, { $id: 'Webhook' });
export type Webhook = Static<typeof Webhook>;

const CreatedWebhook = StrictObject({ ...fields, secret: Secret }, { $id: 'CreatedWebhook' });

const RotatedSecret = StrictObject(
  { id: Id('whk'), secret: Secret, public_key: Type.String(), previous_valid_until: Timestamp },
  {
    $id: 'RotatedWebhookSecret',
    description: 'Until `previous_valid_until` every delivery carries a signature of the replaced secret too.',
  },
);

const AskFirst = Type.Boolean({
  description:
    'Ask the endpoint first whether it consents (`OPTIONS`, CloudEvents HTTP webhooks 1.0.2), and keep to the rate that it allows.',
});

export const params = StrictObject({ id: Id('whk') });
export const NOT_FOUND = { status: 404, code: 'WEBHOOK_NOT_FOUND' };
const ADDRESS_REFUSED = { status: 400, code: 'ADDRESS_REFUSED' };
const HANDSHAKE_REFUSED = { status: 400, code: 'WEBHOOK_HANDSHAKE_REFUSED' };

export const createWebhook = endpoint({
  method: 'POST',
  path: '/admin/webhooks',
  operation: 'createWebhook',
  tag: TAG,
  summary: 'Make a webhook',
  auth: 'admin',
  body: StrictObject({
    url: WebAddress,
    events: Events,
    product_id: Type.Optional(Nullable(Id('prod'))),
    description: Type.Optional(Description),
    ordering: Type.Optional(OrderingOfDeliveries),
    active: Type.Optional(Type.Boolean({ default: true })),
    ...optionalSettings,
    handshake: Type.Optional(AskFirst),
  }),
  answers: { 201: { description: 'The webhook with its secret, shown once.', schema: CreatedWebhook } },
  problems: [
    ADDRESS_REFUSED,
    HANDSHAKE_REFUSED,
    { status: 403, code: 'WEBHOOK_BEYOND_PRODUCT' },
    { status: 404, code: 'PRODUCT_NOT_FOUND' },
  ],
});

export const listWebhooks = endpoint({
  method: 'GET',
  path: '/admin/webhooks',
  operation: 'listWebhooks',
  tag: TAG,
  summary: 'List webhooks, newest first',
  auth: 'admin',
  query: PageQuery({
    product_id: Type.Optional(Id('prod')),
    status: Type.Optional(Type.Enum(['active', 'disabled'])),
    tag: Type.Optional(SearchText(50, { min: 1 })),
    q: Type.Optional(SearchText(200, { min: 1 })),
  }),
  answers: { 200: { description: 'A page of webhooks.', schema: Page(Webhook) } },
  problems: [],
});

export const readWebhook = endpoint({
  method: 'GET',
  path: '/admin/webhooks/:id',
  operation: 'readWebhook',
  tag: TAG,
  summary: 'Read a webhook',
  auth: 'admin',
  params,
  answers: { 200: { description: 'The webhook, without its secret.', schema: Webhook, etag: true } },
  problems: [NOT_FOUND],
});

export const updateWebhook = endpoint({
  method: 'PATCH',
  path: '/admin/webhooks/:id',
  operation: 'updateWebhook',
  tag: TAG,
  summary: 'Change a webhook, or switch it off and on; what was pending goes on when it is switched on',
  auth: 'admin',
  params,
  body: StrictObject({
    url: Type.Optional(WebAddress),
    events: Type.Optional(Events),
    description: Type.Optional(Description),
    active: Type.Optional(Type.Boolean()),
    ...optionalSettings,
    handshake: Type.Optional(AskFirst),
  }),
  answers: { 200: { description: 'The webhook.', schema: Webhook } },
  problems: [NOT_FOUND, ADDRESS_REFUSED, HANDSHAKE_REFUSED],
});

export const deleteWebhook = endpoint({
  method: 'DELETE',
  path: '/admin/webhooks/:id',
  operation: 'deleteWebhook',
  tag: TAG,
  summary: 'Delete a webhook: nothing more is sent to it',
  auth: 'admin',
  params,
  answers: { 204: { description: 'It is deleted.', schema: null } },
  problems: [NOT_FOUND],
});

export const rotateWebhookSecret = endpoint({
  method: 'POST',
  path: '/admin/webhooks/:id/rotate-secret',
  operation: 'rotateWebhookSecret',
  tag: TAG,
  summary: 'Give a webhook another secret; the replaced one signs along for 24 hours',
  auth: 'admin',
  params,
  answers: { 200: { description: 'The new secret, shown once.', schema: RotatedSecret } },
  problems: [NOT_FOUND, { status: 409, code: 'WEBHOOK_ROTATED_TOO_OFTEN' }],
});
