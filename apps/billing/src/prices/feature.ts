import type { Feature } from '#platform/feature';

/** What plans cost. */
export const pricesFeature: Feature = {};
