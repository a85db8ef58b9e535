import { planStream } from '#domain/licensing/plan/plan';
import type { Feature } from '#platform/feature';
import { PlanEntitlementController } from './plan-entitlement.controller.ts';
import { PlanController } from './plan.controller.ts';
import { plansProjection } from './plan.projection.ts';
import { plansTable } from './plan.table.ts';

export const plansFeature: Feature = {
  tables: [plansTable],
  streams: [planStream],
  projections: [plansProjection],
  controllers: [PlanController, PlanEntitlementController],
};
