import type { Feature } from '#platform/feature';
import { Plans1790000002000 } from './plan.table.ts';
import { plansProjection, PlansSubscription } from './plans.subscription.ts';

/** The plans that billing knows of licensing. */
export const plansFeature: Feature = {
  migrations: [Plans1790000002000],
  subscribed: [{ projection: plansProjection, subscription: 'plans', sources: ['licensing'] }],
  subscriptions: [PlansSubscription],
};
