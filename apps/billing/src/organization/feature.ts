import type { Feature } from '#platform/feature';

/** The seller: the merchant itself. */
export const organizationFeature: Feature = {};
