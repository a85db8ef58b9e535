import type { Feature } from '#platform/feature';
import { Documents } from './documents.ts';

/** Invoices and credit notes as PDF, XML and HTML. */
export const documentsFeature: Feature = { providers: [Documents] };
