import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Controller } from '@nestjs/common';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import type { Attachment } from '#platform/mail/mail';
import {
  creditNoteHtml,
  creditNotePdf,
  creditNoteXml,
  invoiceHtml,
  invoicePdf,
  invoiceXml,
} from './document.endpoints.ts';
import type { DocumentFormat } from './formats.ts';
import { IssuedDocuments } from './issued-documents.ts';

/** A page runs no script and loads nothing, whatever the texts in it are. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

@Controller()
export class DocumentController {
  constructor(private readonly documents: IssuedDocuments) {}

  @Endpoint(invoicePdf)
  invoicePdf({ params, principal }: Call<typeof invoicePdf>): Promise<Answer> {
    return this.#invoice(params.id, 'pdf', principal);
  }

  @Endpoint(invoiceXml)
  invoiceXml({ params, query, principal }: Call<typeof invoiceXml>): Promise<Answer> {
    return this.#invoice(params.id, query.format ?? 'cii', principal);
  }

  @Endpoint(invoiceHtml)
  invoiceHtml({ params, principal }: Call<typeof invoiceHtml>): Promise<Answer> {
    return this.#invoice(params.id, 'html', principal);
  }

  @Endpoint(creditNotePdf)
  creditNotePdf({ params, principal }: Call<typeof creditNotePdf>): Promise<Answer> {
    return this.#creditNote(params.id, 'pdf', principal);
  }

  @Endpoint(creditNoteXml)
  creditNoteXml({ params, query, principal }: Call<typeof creditNoteXml>): Promise<Answer> {
    return this.#creditNote(params.id, query.format ?? 'cii', principal);
  }

  @Endpoint(creditNoteHtml)
  creditNoteHtml({ params, principal }: Call<typeof creditNoteHtml>): Promise<Answer> {
    return this.#creditNote(params.id, 'html', principal);
  }

  async #invoice(id: string, format: DocumentFormat, principal: Principal): Promise<Answer> {
    const sees = (product_id: string | null): boolean => seesProduct(principal, product_id);
    return answer(await this.documents.invoice(id, format, sees), format);
  }

  async #creditNote(id: string, format: DocumentFormat, principal: Principal): Promise<Answer> {
    const sees = (product_id: string | null): boolean => seesProduct(principal, product_id);
    return answer(await this.documents.creditNote(id, format, sees), format);
  }
}

/** The tag is made from the bytes: they also depend on the release, and on the buyer until its retention ends. */
const answer = ({ content, contentType, filename }: Attachment, format: DocumentFormat): Answer =>
  new Answer(200, Readable.from([content]), {
    'content-type': contentType,
    'content-length': String(content.length),
    'content-disposition': `${format === 'pdf' || format === 'html' ? 'inline' : 'attachment'}; filename="${filename}"`,
    ...(format === 'html' ? { 'content-security-policy': PAGE_POLICY } : {}),
    'cache-control': 'private, no-cache',
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
  });
