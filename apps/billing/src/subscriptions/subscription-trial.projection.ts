import type { SubscriptionEvent } from '#domain/billing/subscription/subscription.events';
import { tableProjection } from '#events/projection/table';
import { type SubscriptionTrialRow, subscriptionTrialsTable } from './subscription-trial.table.ts';

/** One row per trial. A unique constraint fails the transaction that would give a customer a second trial of a product. */
export const subscriptionTrialsProjection = tableProjection<SubscriptionTrialRow, SubscriptionEvent>({
  table: subscriptionTrialsTable,
  types: ['subscription.activated'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { stream_id, event }) =>
    event.type === 'subscription.activated' && event.trial
      ? { subscription_id: stream_id, customer_id: event.customer_id, product_id: event.product_id }
      : row,
});
