import type { Feature } from '#platform/feature';

/** Payments of invoices, and the providers that make them. */
export const paymentsFeature: Feature = {};
