import type { Feature } from '#platform/feature';
import { plansTable } from './plan.table.ts';
import { plansProjection, PlansSubscription } from './plans.subscription.ts';

/** Billing's copy of the plans in licensing. */
export const plansFeature: Feature = {
  tables: [plansTable],
  subscribed: [{ projection: plansProjection, subscription: 'plans', sources: ['licensing'] }],
  subscriptions: [PlansSubscription],
};
