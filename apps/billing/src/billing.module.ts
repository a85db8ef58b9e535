import { defineService } from '#platform/define-service';
import { Initial1790000000000 } from './initial.migration.ts';
import { plansFeature } from './plans/feature.ts';

/** Subscriptions, invoices and payments come next; today it keeps the plans that licensing publishes. */
export const billingService = defineService({
  name: 'billing',
  initial: Initial1790000000000,
  features: [plansFeature],
  announces: ['subscription.*', 'invoice.*', 'payment.*'],
});
