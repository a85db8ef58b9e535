import { Inject, Injectable } from '@nestjs/common';
import { invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import { ORGANIZATION, organizationStream } from '#domain/billing/organization/organization';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import type { Attachment } from '#platform/mail/mail';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { creditNotesTable } from '../invoices/invoice.tables.ts';
import { type Brand, brandOf, NO_BRAND } from './brand.ts';
import { creditNoteDocumentOf, documentOf } from './document-of.ts';
import { Documents } from './documents.ts';
import type { DocumentFormat } from './formats.ts';

/** Whether the caller may see what was sold of a product; null = several products, or none. */
type Sees = (product_id: string | null) => boolean;
const EVERYTHING: Sees = () => true;

const TYPES: Readonly<Record<DocumentFormat, readonly [extension: string, contentType: string]>> = {
  pdf: ['.pdf', 'application/pdf'],
  cii: ['.cii.xml', 'application/xml'],
  ubl: ['.ubl.xml', 'application/xml'],
  xrechnung: ['.xrechnung.xml', 'application/xml'],
  html: ['.html', 'text/html; charset=utf-8'],
};

/** Files of invoices and credit notes, by their ids. */
@Injectable()
export class IssuedDocuments {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly documents: Documents,
  ) {}

  /** @throws Refusal INVOICE_NOT_FOUND, INVOICE_NOT_FINALIZED, E_INVOICE_INCOMPLETE, XRECHNUNG_INCOMPLETE */
  async invoice(invoice_id: string, format: DocumentFormat, sees = EVERYTHING): Promise<Attachment> {
    const { state } = await this.store.load(invoiceStream, invoice_id);
    if (isFinalized(state) && sees(state.document.product_id)) {
      const brand = await this.#brandAt(invoice_id, ({ type }) => type === 'invoice.finalized');
      return this.#file(documentOf(state), format, brand);
    }
    const isDraft = state.status === 'draft' && sees(state.product_id);
    return refuseInvoice(isDraft ? 'INVOICE_NOT_FINALIZED' : 'INVOICE_NOT_FOUND');
  }

  /** @throws Refusal CREDIT_NOTE_NOT_FOUND, E_INVOICE_INCOMPLETE, XRECHNUNG_INCOMPLETE */
  async creditNote(credit_note_id: string, format: DocumentFormat, sees = EVERYTHING): Promise<Attachment> {
    const row = await this.database.orm.getRepository(creditNotesTable).findOneBy({ id: credit_note_id });
    if (row === null) return refuseInvoice('CREDIT_NOTE_NOT_FOUND');
    const { state } = await this.store.load(invoiceStream, row.invoice_id);
    if (!isFinalized(state) || !sees(state.document.product_id)) return refuseInvoice('CREDIT_NOTE_NOT_FOUND');
    const note = state.credit_notes.get(credit_note_id);
    if (note === undefined || !('number' in note)) return refuseInvoice('CREDIT_NOTE_NOT_FOUND');
    const brand = await this.#brandAt(
      row.invoice_id,
      (event) => event.type === 'credit_note.issued' && event.credit_note_id === credit_note_id,
    );
    return this.#file(creditNoteDocumentOf(state, note), format, brand);
  }

  /** The brand when an event was recorded: the logo of today would change documents of the past. */
  async #brandAt(invoice_id: string, isEvent: (event: InvoiceEvent) => boolean): Promise<Brand> {
    const events = await this.store.readStream<InvoiceEvent>(invoice_id);
    const recorded = events.find(({ event }) => isEvent(event));
    if (recorded === undefined) return NO_BRAND;
    return brandOf((await this.store.loadAsOf(organizationStream, ORGANIZATION, recorded.recorded_at)).state);
  }

  async #file(document: InvoiceDocument, format: DocumentFormat, brand: Brand): Promise<Attachment> {
    const [extension, contentType] = TYPES[format];
    const content = await this.documents.render(document, format, brand);
    return { filename: fileName(document.number) + extension, content, contentType };
  }
}

/** A number holds the seller's prefix: what is not safe in a file name or a header becomes a dash. */
const fileName = (number: string): string => number.replace(/[^A-Za-z0-9._-]/g, '-').replace(/^\.+/, '');
