import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, StrictObject } from '#platform/http/schemas';

const auth = 'billing:write';
const E_INVOICE_PROBLEMS = [
  { status: 409, code: 'E_INVOICE_INCOMPLETE' },
  { status: 409, code: 'XRECHNUNG_INCOMPLETE' },
];
const XmlQuery = StrictObject({
  format: Type.Optional(
    Type.Enum(['cii', 'ubl', 'xrechnung'], {
      description: 'cii (the default), UBL 2.1, or XRechnung 3.0 in UBL.',
    }),
  ),
});

const file = (description: string, media: string) =>
  ({ 200: { description, schema: Type.String(), media, etag: true } }) as const;
const PDF = file('The same document always has the same bytes.', 'application/pdf');
const XML = file('XML by the rules of EN 16931.', 'application/xml');
const HTML = file('A page for people. It loads nothing.', 'text/html; charset=utf-8');

const invoice = {
  method: 'GET',
  tag: 'Invoices',
  auth,
  params: StrictObject({ id: Id('inv') }),
} as const;
const INVOICE_PROBLEMS = [
  { status: 404, code: 'INVOICE_NOT_FOUND' },
  { status: 409, code: 'INVOICE_NOT_FINALIZED' },
];

export const invoicePdf = endpoint({
  ...invoice,
  path: '/admin/invoices/:id/pdf',
  operation: 'invoicePdf',
  summary: 'A finalized invoice as PDF/A-3, with its e-invoice (Factur-X) attached where it can be made',
  answers: PDF,
  problems: INVOICE_PROBLEMS,
});

export const invoiceXml = endpoint({
  ...invoice,
  path: '/admin/invoices/:id/xml',
  operation: 'invoiceXml',
  summary: 'A finalized invoice as an e-invoice',
  query: XmlQuery,
  answers: XML,
  problems: [...INVOICE_PROBLEMS, ...E_INVOICE_PROBLEMS],
});

export const invoiceHtml = endpoint({
  ...invoice,
  path: '/admin/invoices/:id/html',
  operation: 'invoiceHtml',
  summary: 'A finalized invoice as a page',
  answers: HTML,
  problems: INVOICE_PROBLEMS,
});

const creditNote = {
  method: 'GET',
  tag: 'Invoices',
  auth,
  params: StrictObject({ id: Id('cn') }),
} as const;
const CREDIT_NOTE_PROBLEMS = [{ status: 404, code: 'CREDIT_NOTE_NOT_FOUND' }];

export const creditNotePdf = endpoint({
  ...creditNote,
  path: '/admin/credit-notes/:id/pdf',
  operation: 'creditNotePdf',
  summary: 'A credit note as PDF/A-3, with its e-invoice (Factur-X) attached where it can be made',
  answers: PDF,
  problems: CREDIT_NOTE_PROBLEMS,
});

export const creditNoteXml = endpoint({
  ...creditNote,
  path: '/admin/credit-notes/:id/xml',
  operation: 'creditNoteXml',
  summary: 'A credit note as an e-invoice',
  query: XmlQuery,
  answers: XML,
  problems: [...CREDIT_NOTE_PROBLEMS, ...E_INVOICE_PROBLEMS],
});

export const creditNoteHtml = endpoint({
  ...creditNote,
  path: '/admin/credit-notes/:id/html',
  operation: 'creditNoteHtml',
  summary: 'A credit note as a page',
  answers: HTML,
  problems: CREDIT_NOTE_PROBLEMS,
});
