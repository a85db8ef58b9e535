import { refuser, type Refusals } from '../../shared/refusal.ts';

export type WebhookEndpointRefusal =
  'WEBHOOK_EXISTS' | 'WEBHOOK_NOT_FOUND' | 'WEBHOOK_BEYOND_PRODUCT' | 'WEBHOOK_ROTATED_TOO_OFTEN';

export const webhookEndpointRefusals: Refusals<WebhookEndpointRefusal> = {
  WEBHOOK_EXISTS: { status: 409, message: 'There is a webhook of this id already.' },
  WEBHOOK_NOT_FOUND: { status: 404, message: 'There is no such webhook.' },
  WEBHOOK_BEYOND_PRODUCT: {
    status: 403,
    message: 'An API key that is bound to a product makes webhooks for that product alone: send its product_id.',
  },
  WEBHOOK_ROTATED_TOO_OFTEN: {
    status: 409,
    message: 'So many replaced secrets still sign along that another rotation must wait for the oldest to end.',
  },
};

export const refuse: (code: WebhookEndpointRefusal, extensions?: Readonly<Record<string, unknown>>) => never =
  refuser(webhookEndpointRefusals);
