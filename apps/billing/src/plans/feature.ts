import type { Feature } from '#platform/feature';
import { KnownPlans } from './known-plans.ts';
import { KnownProducts } from './known-products.ts';
import { plansTable } from './plan.table.ts';
import { PlanPolicies1790500000100 } from './plans.migration.ts';
import { plansProjection, PlansSubscription } from './plans.subscription.ts';
import { productsTable } from './product.table.ts';
import { productsProjection, ProductsSubscription } from './products.subscription.ts';

/** Billing's copy of the plans and products in licensing. */
export const plansFeature: Feature = {
  migrations: [PlanPolicies1790500000100],
  tables: [plansTable, productsTable],
  providers: [KnownPlans, KnownProducts],
  subscribed: [
    { projection: plansProjection, subscription: 'plans', sources: ['licensing'] },
    { projection: productsProjection, subscription: 'products', sources: ['licensing'] },
  ],
  subscriptions: [PlansSubscription, ProductsSubscription],
};
