import { apiKeyRefusals } from './identity/api-key/api-key.errors.ts';
import { licensingRefusals } from './licensing/refusals.ts';
import type { Refusals } from './shared/refusal.ts';
import { webhookEndpointRefusals } from './webhooks/webhook-endpoint/webhook-endpoint.errors.ts';

/** Everything that any rule refuses, by code. */
export const refusals: Refusals<string> = {
  ...licensingRefusals,
  ...apiKeyRefusals,
  ...webhookEndpointRefusals,
};
