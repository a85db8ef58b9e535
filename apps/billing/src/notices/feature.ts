import type { Feature } from '#platform/feature';

/** Mails to customers about what happened in billing. */
export const noticesFeature: Feature = {};
