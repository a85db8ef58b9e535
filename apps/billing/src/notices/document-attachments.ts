import { Inject, Injectable } from '@nestjs/common';
import { type Invoice, invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import type { Attachment } from '#platform/mail/mail';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { creditNoteDocumentOf, documentOf } from '../documents/document-of.ts';
import { Documents } from '../documents/documents.ts';

/** The PDFs that are attached to mails, rendered when a mail is sent. */
@Injectable()
export class DocumentAttachments {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly documents: Documents,
  ) {}

  async invoice(id: string): Promise<Attachment> {
    return this.#pdf(documentOf(await this.#load(id)));
  }

  async creditNote(id: string): Promise<Attachment> {
    const { rows } = await this.database.pool.query<{ readonly invoice_id: string }>({
      name: 'invoice_of_credit_note',
      text: 'select invoice_id from credit_notes where id = $1',
      values: [id],
    });
    const invoice = await this.#load(rows[0]?.invoice_id ?? '');
    const note = invoice.credit_notes.get(id);
    if (note === undefined || !('number' in note)) throw new Error(`${id} has no number yet`);
    return this.#pdf(creditNoteDocumentOf(invoice, note));
  }

  async #load(id: string): Promise<Invoice> {
    const { state } = await this.store.load(invoiceStream, id);
    if (!isFinalized(state)) throw new Error(`${id} is not finalized`);
    return state;
  }

  async #pdf(document: InvoiceDocument): Promise<Attachment> {
    const content = await this.documents.render(document, 'pdf');
    // A number may contain characters that file systems do not take.
    const name = document.number.replace(/[^\p{L}\p{N}._-]+/gu, '_');
    return { filename: `${name}.pdf`, content, contentType: 'application/pdf' };
  }
}
