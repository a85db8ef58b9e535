import type { Refusals } from '../shared/refusal.ts';
import { addOnRefusals } from './add-on/add-on.ts';
import { entitlementRefusals } from './entitlements/entitlement.ts';
import { floatingRefusals } from './floating/floating.errors.ts';
import { keyBatchRefusals } from './key-batch/key-batch.ts';
import { licenseRefusals } from './license/license.errors.ts';
import { planRefusals } from './plan/plan.ts';
import { productRefusals } from './product/product.ts';
import { seatRefusals } from './seat/seat.errors.ts';
import { signingKeyRefusals } from './signing-key/signing-key.ts';
import { usageRefusals } from './usage/usage.errors.ts';

/** All refusals of the licensing rules, by code. */
export const licensingRefusals: Refusals<string> = {
  ...productRefusals,
  ...planRefusals,
  ...entitlementRefusals,
  ...addOnRefusals,
  ...floatingRefusals,
  ...licenseRefusals,
  ...seatRefusals,
  ...usageRefusals,
  ...signingKeyRefusals,
  ...keyBatchRefusals,
};
