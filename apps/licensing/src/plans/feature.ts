import { planStream } from '#domain/licensing/plan/plan';
import type { Feature } from '#platform/feature';
import { PlanEntitlementController } from './plan-entitlement.controller.ts';
import { PlanController } from './plan.controller.ts';
import { plansProjection } from './plan.projection.ts';
import {
  PlanActivationRules1790000081000,
  PlanBorrowing1790000080000,
  Plans1790000011000,
  PlanTermRules1790000070000,
} from './plan.table.ts';

export const plansFeature: Feature = {
  migrations: [
    Plans1790000011000,
    PlanTermRules1790000070000,
    PlanBorrowing1790000080000,
    PlanActivationRules1790000081000,
  ],
  streams: [planStream],
  projections: [plansProjection],
  controllers: [PlanController, PlanEntitlementController],
};
