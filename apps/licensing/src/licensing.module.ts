import { licensingContracts } from '#domain/licensing/contracts';
import { licensingRefusals } from '#domain/licensing/refusals';
import { defineService } from '#platform/define-service';
import { mailFeature } from '#platform/mail/feature';
import { lockOutFeature } from '#platform/rate-limit/feature';
import { activationsFeature } from './activations/feature.ts';
import { addOnsFeature } from './add-ons/feature.ts';
import { bindingsFeature } from './bindings/feature.ts';
import { entitlementsFeature } from './entitlements/feature.ts';
import { filesFeature } from './files/feature.ts';
import { floatingFeature } from './floating/feature.ts';
import { identificationFeature } from './identification/feature.ts';
import { importProblems } from './imports/import.problems.ts';
import { importsFeature } from './imports/feature.ts';
import { Initial1790000000000 } from './initial.migration.ts';
import { keyBatchesFeature } from './key-batches/feature.ts';
import { licenseKeysFeature } from './license-keys/feature.ts';
import { licensesFeature } from './licenses/feature.ts';
import { licensingMails } from './notices/mails.ts';
import { plansFeature } from './plans/feature.ts';
import { privacyFeature } from './privacy/feature.ts';
import { productsFeature } from './products/feature.ts';
import { seatsFeature } from './seats/feature.ts';
import { signingKeysFeature } from './signing-keys/feature.ts';
import { subscriptionsFeature } from './subscriptions/feature.ts';
import { usageFeature } from './usage/feature.ts';
import { verificationFeature } from './verification/feature.ts';

/** Products and plans, the licenses that are issued for them, and whether a license may be used. */
export const licensingService = defineService({
  name: 'licensing',
  initial: Initial1790000000000,
  features: [
    productsFeature,
    addOnsFeature,
    entitlementsFeature,
    licensesFeature,
    licenseKeysFeature,
    keyBatchesFeature,
    // After licenses and batches of keys: its projection looks for those that use a deleted plan.
    plansFeature,
    filesFeature,
    activationsFeature,
    bindingsFeature,
    identificationFeature,
    verificationFeature,
    signingKeysFeature,
    seatsFeature,
    floatingFeature,
    usageFeature,
    importsFeature,
    subscriptionsFeature,
    privacyFeature,
    mailFeature({ service: 'licensing', templates: licensingMails }),
    lockOutFeature,
  ],
  publishes: licensingContracts,
  scopes: ['licenses:write'],
  announces: ['license.activated'],
  problems: { ...licensingRefusals, ...importProblems },
});
