import type { Feature } from '#platform/feature';

/** Invoices and credit notes as PDF, XML and HTML. */
export const documentsFeature: Feature = {};
