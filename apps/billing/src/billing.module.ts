import { defineService } from '#platform/define-service';
import { plansFeature } from './plans/feature.ts';

/** Subscriptions, invoices and payments come next; today it keeps the plans that licensing publishes. */
export const billingService = defineService({
  name: 'billing',
  features: [plansFeature],
  announces: ['subscription.*', 'invoice.*', 'payment.*'],
});
