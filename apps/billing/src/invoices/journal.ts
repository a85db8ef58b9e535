import { Inject, Injectable } from '@nestjs/common';
import { type InvoiceState, invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import type { Time } from '#domain/shared/time';
import type { EventStore, Loaded } from '#events/store';
import { pages } from '#platform/export/streams';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { creditNoteRows, invoiceRows } from './journal.rows.ts';

interface Entry {
  readonly id: string;
  readonly invoice_id: string;
  readonly issued_at: Date;
}

/** Invoices and credit notes for the books, in the order in which they were issued. */
@Injectable()
export class Journal {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** A row for each line of each document that was issued in [from, to). */
  async *rows(from: Time, to: Time): AsyncIterable<object> {
    for await (const { id, invoice_id } of pages<Entry>((last, limit) => this.#entries(from, to, last, limit))) {
      const { state }: Loaded<InvoiceState> = await this.store.load<InvoiceState, InvoiceEvent>(
        invoiceStream,
        invoice_id,
      );
      if (!isFinalized(state)) continue;
      const note = state.credit_notes.get(id);
      if (id === invoice_id) yield* invoiceRows(state.document);
      else if (note !== undefined && 'number' in note) yield* creditNoteRows(note, state.document);
    }
  }

  async #entries(from: Time, to: Time, last: Entry | undefined, limit: number): Promise<Entry[]> {
    const { rows } = await this.database.pool.query<Entry>({
      name: 'journal_entries',
      text: `select id, invoice_id, issued_at from (
          select id, id as invoice_id, issued_at from invoices where issued_at >= $1 and issued_at < $2
          union all
          select id, invoice_id, issued_at from credit_notes where issued_at >= $1 and issued_at < $2
        ) documents
        where (issued_at, id) > ($3::timestamptz, $4) order by issued_at, id limit $5`,
      values: [from, to, last?.issued_at ?? '-infinity', last?.id ?? '', limit],
    });
    return rows;
  }
}
