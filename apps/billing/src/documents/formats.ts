import { refuseDocument } from '#domain/billing/invoice/document.errors';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { Brand } from './brand.ts';
import { missingFields, missingForXRechnung } from './missing.ts';

export const DOCUMENT_FORMATS = ['pdf', 'cii', 'ubl', 'xrechnung', 'html'] as const;
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

/** What a worker renders. */
export interface RenderTask {
  readonly document: InvoiceDocument;
  readonly format: DocumentFormat;
  readonly brand: Brand;
}

/**
 * Refuses formats whose required fields the document lacks.
 * @throws E_INVOICE_INCOMPLETE, XRECHNUNG_INCOMPLETE {fields}
 */
export const checkComplete = (document: InvoiceDocument, format: DocumentFormat): void => {
  if (format === 'xrechnung') {
    const fields = missingForXRechnung(document);
    if (fields.length > 0) refuseDocument('XRECHNUNG_INCOMPLETE', { fields });
  }
  if (format === 'cii' || format === 'ubl') {
    const fields = missingFields(document);
    if (fields.length > 0) refuseDocument('E_INVOICE_INCOMPLETE', { fields });
  }
};
