import { apiKeyContracts } from './identity/api-key/api-key.contracts.ts';
import { licensingContracts } from './licensing/contracts.ts';
import { webhookContracts } from './webhooks/webhook-endpoint/webhook-endpoint.contracts.ts';

/** The contracts of every event that any service publishes. */
export const catalogue = [...licensingContracts, ...apiKeyContracts, ...webhookContracts];

/**
 * Event types that are part of the published vocabulary and that no service emits yet. Subscriptions may name them in advance;
 * the catalogue does not list them.
 */
export const ANNOUNCED_TYPES: readonly string[] = [
  'license.activated',
  'subscription.*',
  'invoice.*',
  'payment.*',
  'release.created',
  'release.published',
  'release.yanked',
  'release.unyanked',
];
