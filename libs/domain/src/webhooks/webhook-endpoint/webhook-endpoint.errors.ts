import { refuser, type Refusals } from '../../shared/refusal.ts';

export type WebhookEndpointRefusal =
  'WEBHOOK_EXISTS' | 'WEBHOOK_NOT_FOUND' | 'WEBHOOK_BEYOND_PRODUCT' | 'WEBHOOK_ROTATED_TOO_OFTEN';

export const webhookEndpointRefusals: Refusals<WebhookEndpointRefusal> = {
  WEBHOOK_EXISTS: { status: 409, message: 'A webhook with this id already exists.' },
  WEBHOOK_NOT_FOUND: { status: 404, message: 'There is no such webhook.' },
  WEBHOOK_BEYOND_PRODUCT: {
    status: 403,
    message: 'An API key that is bound to a product can create webhooks only for that product: send its product_id.',
  },
  WEBHOOK_ROTATED_TOO_OFTEN: {
    status: 409,
    message: 'Too many replaced secrets still sign. Rotate again when the oldest one has expired.',
  },
};

export const refuse: (code: WebhookEndpointRefusal, extensions?: Readonly<Record<string, unknown>>) => never =
  refuser(webhookEndpointRefusals);
