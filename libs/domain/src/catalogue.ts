import { apiKeyContracts } from './api-key/api-key.contracts.ts';
import { entitlementContracts } from './entitlements/entitlement.contracts.ts';
import { floatingContracts } from './floating/floating.contracts.ts';
import { keyBatchContracts } from './key-batch/key-batch.contracts.ts';
import { licenseBindingContracts } from './license/license.binding.contracts.ts';
import { licenseContracts } from './license/license.contracts.ts';
import { licenseKeyContracts } from './license/license.keys.contracts.ts';
import { licenseTermContracts } from './license/license.terms.contracts.ts';
import { planContracts } from './plan/plan.contracts.ts';
import { productContracts } from './product/product.contracts.ts';
import { seatContracts } from './seat/seat.contracts.ts';
import { signingKeyContracts } from './signing-key/signing-key.contracts.ts';
import { usageContracts } from './usage/usage.contracts.ts';
import { webhookContracts } from './webhook-endpoint/webhook-endpoint.contracts.ts';

/** The contracts of licensing's events. */
export const licensingContracts = [
  ...productContracts,
  ...planContracts,
  ...licenseContracts,
  ...licenseKeyContracts,
  ...licenseBindingContracts,
  ...licenseTermContracts,
  ...signingKeyContracts,
  ...keyBatchContracts,
  ...seatContracts,
  ...floatingContracts,
  ...entitlementContracts,
  ...usageContracts,
];

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
