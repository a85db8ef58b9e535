import type { Feature } from '#platform/feature';

/** Subscriptions and their schedule. */
export const subscriptionsFeature: Feature = {};
