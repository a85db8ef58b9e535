import type { Feature } from '#platform/feature';
import { DocumentController } from './document.controller.ts';
import { Documents } from './documents.ts';
import { IssuedDocuments } from './issued-documents.ts';

/** Invoices and credit notes as PDF, XML and HTML. */
export const documentsFeature: Feature = {
  controllers: [DocumentController],
  providers: [Documents, IssuedDocuments],
};
