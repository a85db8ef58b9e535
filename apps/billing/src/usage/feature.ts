import type { Feature } from '#platform/feature';

/** Recorded usage, and what it costs. */
export const usageFeature: Feature = {};
