import type { Feature } from '#platform/feature';

/** Subscriptions that are given, not sold. */
export const grantsFeature: Feature = {};
