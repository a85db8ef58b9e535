import type { Feature } from '#platform/feature';

/** Discounts and their codes. */
export const couponsFeature: Feature = {};
