import { subscriptionStream } from '#domain/billing/subscription/subscription';
import type { Feature } from '#platform/feature';
import { InUseSubscription, inUseProjection } from './in-use.subscription.ts';
import { inUseTable } from './in-use.table.ts';
import { subscriptionSnapshot, subscriptionsProjection } from './subscription.projection.ts';
import { SubscriptionSettings } from './subscription.settings.ts';
import { subscriptionsTable } from './subscription.table.ts';
import { subscriptionTrialsProjection } from './subscription-trial.projection.ts';
import { subscriptionTrialsTable } from './subscription-trial.table.ts';
import { Subscriptions1790300000000 } from './subscriptions.migration.ts';

/** Subscriptions and their schedule. */
export const subscriptionsFeature: Feature = {
  settings: [SubscriptionSettings],
  migrations: [Subscriptions1790300000000],
  tables: [subscriptionsTable, subscriptionTrialsTable, inUseTable],
  streams: [subscriptionStream],
  projections: [subscriptionsProjection, subscriptionTrialsProjection],
  subscribed: [{ projection: inUseProjection, subscription: 'in-use', sources: ['licensing'] }],
  snapshots: [subscriptionSnapshot],
  subscriptions: [InUseSubscription],
};
