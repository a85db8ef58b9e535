import type { Subscription } from '#domain/billing/subscription/subscription';
import type { SubscriptionStatus } from '#domain/billing/subscription/subscription.statuses';
import { integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Name of the index that allows a subscriber one live subscription of a product. */
export const ONE_LIVE = 'subscriptions_sole_key';

/** Subscriptions: the whole state, and the columns that are searched. */
export const subscriptionsTable = defineTable(
  'subscriptions',
  {
    id: text().key(),
    version: integer(),
    subscriber: text(),
    customer_id: text(),
    product_id: text(),
    plan_id: text(),
    price_id: text().orNull(),
    status: text<SubscriptionStatus>(),
    provider_id: text().orNull(),
    license_id: text(),
    /** Product and subscriber of a subscription that must be the only live one; null = it is not live, or need not be. */
    sole_key: text().orNull(),
    /** When time does something to it next. */
    due_at: time().orNull(),
    state: json<Subscription>(),
    updated_at: time(),
  },
  {
    indices: [
      { name: ONE_LIVE, columns: ['sole_key'], unique: true, where: 'sole_key is not null' },
      { name: 'subscriptions_subscriber', columns: ['subscriber', 'product_id'] },
      { name: 'subscriptions_customer_id', columns: ['customer_id'] },
      { name: 'subscriptions_plan_id', columns: ['plan_id', 'status'] },
      { name: 'subscriptions_price_id', columns: ['price_id'] },
      { name: 'subscriptions_provider_id', columns: ['provider_id'], where: 'provider_id is not null' },
      { name: 'subscriptions_license_id', columns: ['license_id'] },
      { name: 'subscriptions_due_at', columns: ['due_at'], where: 'due_at is not null' },
    ],
  },
);

export type SubscriptionRow = RowOf<typeof subscriptionsTable>;
