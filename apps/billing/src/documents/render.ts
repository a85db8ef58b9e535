import { refuseDocument } from '#domain/billing/invoice/document.errors';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { Brand } from './brand.ts';
import { cii } from './cii.ts';
import { electronic } from './en16931.ts';
import { html } from './html.ts';
import { missingFields, missingForXRechnung } from './missing.ts';
import { pdf } from './pdf.ts';
import { languageOf } from './texts.ts';
import { ubl, xrechnung } from './ubl.ts';

export const DOCUMENT_FORMATS = ['pdf', 'cii', 'ubl', 'xrechnung', 'html'] as const;
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

/** What a worker renders. It takes 100 ms and more: call `Documents.render` in a server. */
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

/** Renders a document: the same bytes for the same task, on every machine. Text is UTF-8. */
export const render = async ({ document, format, brand }: RenderTask): Promise<Uint8Array> => {
  const language = languageOf(document.buyer?.locale, brand.locale);
  switch (format) {
    case 'pdf':
      return pdf(document, language, brand);
    case 'html':
      return Buffer.from(html(document, language, brand));
    case 'cii':
      return Buffer.from(cii(electronic(document, language)));
    case 'ubl':
      return Buffer.from(ubl(electronic(document, language)));
    case 'xrechnung':
      return Buffer.from(xrechnung(electronic(document, language)));
  }
};
