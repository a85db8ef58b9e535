import { planStream } from '#domain/licensing/plan/plan';
import type { Feature } from '#platform/feature';
import { PlanEntitlementController } from './plan-entitlement.controller.ts';
import { planSalesTable } from './plan-sale.table.ts';
import { PlanSales1790800000300 } from './plan-sales.migration.ts';
import { planSalesProjection, PlanSalesSubscription } from './plan-sales.subscription.ts';
import { PlanController } from './plan.controller.ts';
import { plansProjection } from './plan.projection.ts';
import { plansTable } from './plan.table.ts';
import { PlanPolicies1790500000000 } from './policies.migration.ts';

export const plansFeature: Feature = {
  migrations: [PlanPolicies1790500000000, PlanSales1790800000300],
  tables: [plansTable, planSalesTable],
  streams: [planStream],
  projections: [plansProjection],
  subscribed: [{ projection: planSalesProjection, subscription: 'plan-sales', sources: ['billing'] }],
  subscriptions: [PlanSalesSubscription],
  controllers: [PlanController, PlanEntitlementController],
};
