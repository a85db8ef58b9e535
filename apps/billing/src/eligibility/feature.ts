import type { Feature } from '#platform/feature';
import { Eligibilities } from './eligibilities.ts';
import { EligibilityController } from './eligibility.controller.ts';
import { Eligibility1790600000100 } from './eligibility.migration.ts';
import { PlanAccesses } from './plan-access.ts';
import { planEntitlementsTable } from './plan-entitlement.table.ts';
import { planEntitlementsProjection, PlanEntitlementsSubscription } from './plan-entitlements.subscription.ts';

/** Whether a subscriber may use a product and its features. */
export const eligibilityFeature: Feature = {
  migrations: [Eligibility1790600000100],
  tables: [planEntitlementsTable],
  subscribed: [{ projection: planEntitlementsProjection, subscription: 'plan-entitlements', sources: ['licensing'] }],
  subscriptions: [PlanEntitlementsSubscription],
  controllers: [EligibilityController],
  providers: [Eligibilities, PlanAccesses],
};
