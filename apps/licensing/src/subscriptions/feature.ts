import type { Feature } from '#platform/feature';
import { DeliverLicenses } from './deliver-licenses.ts';
import { FollowSubscriptions } from './follow-subscriptions.ts';
import { IssuePurchases } from './issue-purchases.ts';
import { SoldLicenses } from './sold-licenses.ts';

/** Money becomes licenses: what billing reports is done to the licenses that it sold. */
export const subscriptionsFeature: Feature = {
  subscriptions: [FollowSubscriptions, IssuePurchases, DeliverLicenses],
  providers: [SoldLicenses],
};
