import { Inject, Injectable } from '@nestjs/common';
import type { NumberAssigned } from '#domain/billing/invoice/number';
import { invoiceStream } from '#domain/billing/invoice/invoice';
import type { EventMetadata } from '#events/event';
import type { EventStore } from '#events/store';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { totalsOf } from './composing.ts';
import { CreditNotes } from './credit-notes.ts';
import { Drafts } from './drafts.ts';
import { Finalizing } from './finalizing.ts';
import type { UnfinishedDocumentRow } from './invoice.tables.ts';
import { Numbers } from './numbers.ts';
import { InvoiceParties } from './parties.ts';

/** Finishes invoices and credit notes that a crash left unfinished, so that numbers have no gaps. */
@Injectable()
export class FinishFinalizing extends BackgroundWork {
  readonly name = 'finish-finalizing';
  override readonly follows = 'real';
  override readonly everyMs = 5_000;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly parties: InvoiceParties,
    private readonly numbers: Numbers,
    private readonly finalizing: Finalizing,
    private readonly drafts: Drafts,
    private readonly creditNotes: CreditNotes,
  ) {
    super();
  }

  /** The caller that began is given ten seconds. */
  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'unfinished_documents',
      text: `select document_id as id, since as due_at from unfinished_documents
        where since < now() - interval '10 seconds' and document_id <> all($1) order by since limit $2`,
      values: [except, limit],
    });
    return rows;
  }

  async attend(document_id: string): Promise<void> {
    const { rows } = await this.database.pool.query<UnfinishedDocumentRow>({
      name: 'unfinished_document',
      text: 'select * from unfinished_documents where document_id = $1',
      values: [document_id],
    });
    const [unfinished] = rows;
    if (unfinished === undefined) return;
    const { series, invoice_id } = unfinished;
    const metadata: EventMetadata = { actor: { type: 'system', id: 'scheduler' }, correlation_id: document_id };
    if (series === 'credit_note') await this.creditNotes.finish(invoice_id, document_id, metadata);
    else await this.#finishInvoice(invoice_id, await this.numbers.find(document_id), metadata);
  }

  async #finishInvoice(invoice_id: string, number: NumberAssigned | undefined, metadata: EventMetadata): Promise<void> {
    if (number === undefined || (await this.#isDraft(invoice_id))) {
      await this.drafts.finalize(invoice_id, { metadata });
      return;
    }
    const { request } = number;
    if (request === null) throw new Error(`${invoice_id} has no draft and no request`);
    const { invoice_id: _id, issued_at: _at, ...order } = request;
    const parties = await this.parties.of(order.customer_id, number.issued_at);
    const prepared = {
      invoice_id,
      order,
      seller: await this.parties.seller(),
      parties,
      totals: totalsOf(order, parties),
    };
    await this.finalizing.finalize(prepared, number, metadata);
  }

  async #isDraft(invoice_id: string): Promise<boolean> {
    return (await this.store.load(invoiceStream, invoice_id)).state.status === 'draft';
  }
}
