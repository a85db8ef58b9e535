import type { Feature } from '#platform/feature';

/** The people and companies that pay. */
export const customersFeature: Feature = {};
