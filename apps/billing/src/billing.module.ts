import { defineService } from '#platform/define-service';
import { Initial1790000000000 } from './initial.migration.ts';
import { plansFeature } from './plans/feature.ts';

/** Keeps the plans that licensing publishes. Subscriptions, invoices and payments will follow. */
export const billingService = defineService({
  name: 'billing',
  initial: Initial1790000000000,
  features: [plansFeature],
  announces: ['subscription.*', 'invoice.*', 'payment.*'],
});
