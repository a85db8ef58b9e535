import type { Feature } from '#platform/feature';
import { plansTable } from './plan.table.ts';
import { plansProjection, PlansSubscription } from './plans.subscription.ts';

/** The plans that billing knows of licensing. */
export const plansFeature: Feature = {
  tables: [plansTable],
  subscribed: [{ projection: plansProjection, subscription: 'plans', sources: ['licensing'] }],
  subscriptions: [PlansSubscription],
};
