import { Module } from '@nestjs/common';
import { ServiceModule } from '#platform/service.module';
import type { ServiceDefinition } from '#platform/service';
import { Plans1790000002000 } from './plans/plan.table.ts';
import { plansProjection, PlansSubscription } from './plans/plans.subscription.ts';

/** Subscriptions, invoices and payments are to come; what is here already keeps the plans that it hears of from licensing. */
export const billingService: ServiceDefinition = {
  name: 'billing',
  entities: [],
  migrations: [Plans1790000002000],
  streams: [],
  projections: [],
  subscribed: [{ projection: plansProjection, subscription: 'plans', sources: ['licensing'] }],
  contracts: [],
};

@Module({
  imports: [ServiceModule.forService(billingService)],
  controllers: [PlansSubscription],
})
export class BillingModule {}
