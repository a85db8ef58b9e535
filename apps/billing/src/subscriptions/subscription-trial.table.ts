import { text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Name of the constraint that allows a customer one trial of a product. */
export const ONE_TRIAL = 'subscription_trials_customer_id';

/** Trials that customers have had. */
export const subscriptionTrialsTable = defineTable(
  'subscription_trials',
  { subscription_id: text().key(), customer_id: text(), product_id: text() },
  { uniques: [{ name: ONE_TRIAL, columns: ['customer_id', 'product_id'] }] },
);

export type SubscriptionTrialRow = RowOf<typeof subscriptionTrialsTable>;
