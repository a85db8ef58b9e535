import type { Feature } from '#platform/feature';

/** Invoices and credit notes, with their numbers. */
export const invoicesFeature: Feature = {};
