import type { Feature } from '#platform/feature';

/** Tax rates, and how a sale is taxed. */
export const taxesFeature: Feature = {};
