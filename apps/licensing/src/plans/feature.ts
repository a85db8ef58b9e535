import { planStream } from '#domain/licensing/plan/plan';
import type { Feature } from '#platform/feature';
import { PlanEntitlementController } from './plan-entitlement.controller.ts';
import { PlanController } from './plan.controller.ts';
import { plansProjection } from './plan.projection.ts';
import { plansTable } from './plan.table.ts';
import { PlanPolicies1790500000000 } from './policies.migration.ts';

export const plansFeature: Feature = {
  migrations: [PlanPolicies1790500000000],
  tables: [plansTable],
  streams: [planStream],
  projections: [plansProjection],
  controllers: [PlanController, PlanEntitlementController],
};
