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

/** The events that licensing publishes. */
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
