import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { In } from 'typeorm';
import { invoiceStream } from '#domain/billing/invoice/invoice';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { pages } from '#platform/export/streams';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { Customers } from '../customers/customers.ts';
import type { listInvoices, STATUS_WORDS } from './invoice.endpoints.ts';
import type { Invoice } from './invoice.schemas.ts';
import { type InvoiceRow, invoicesTable } from './invoice.tables.ts';
import { viewInvoice } from './invoice.view.ts';

type Filters = Static<(typeof listInvoices)['query']>;

/** Words of other systems, as conditions. */
const WORDS: Partial<Record<(typeof STATUS_WORDS)[number], string>> = {
  pending: "status = 'open'",
  failed: "status = 'open' and last_payment_error is not null",
  refunded: "status = 'paid' and refunded",
};

/** Searches invoices in their table, and shows them from their streams. */
@Injectable()
export class InvoiceList {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly customers: Customers,
  ) {}

  /** @param boundTo the one product that the caller may see; null = all */
  async page(filters: Filters, boundTo: string | null): Promise<{ data: Invoice[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor } = filters;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const { data, next_cursor } = pageOf(
      await this.#rows(filters, boundTo, before, limit + 1),
      limit,
      ({ id }) => [id],
      ({ id }) => id,
    );
    return { data: await Promise.all(data.map((id) => this.#invoice(id))), next_cursor };
  }

  /** All matching invoices, one by one. */
  async *all(filters: Filters, boundTo: string | null): AsyncIterable<Invoice> {
    const rows = pages<InvoiceRow>((last, limit) => this.#rows(filters, boundTo, last?.id, limit));
    for await (const { id } of rows) yield this.#invoice(id);
  }

  async #rows(
    { customer_id, status, overdue, from, to, ...equal }: Filters,
    boundTo: string | null,
    before: string | undefined,
    limit: number,
  ): Promise<InvoiceRow[]> {
    const query = newestFirst(this.database.orm, invoicesTable, before, limit);
    if (boundTo !== null) query.andWhere({ product_id: boundTo });
    if (customer_id !== undefined) query.andWhere({ customer_id: In(await this.customers.withMerged(customer_id)) });
    for (const column of ['subscriber', 'subscription_id'] as const) {
      if (equal[column] !== undefined) query.andWhere({ [column]: equal[column] });
    }
    const word = status && WORDS[status];
    if (word !== undefined) query.andWhere(word);
    else if (status !== undefined) query.andWhere({ status });
    if (overdue !== undefined) query.andWhere({ overdue });
    if (from !== undefined) query.andWhere('issued_at >= :from', { from });
    if (to !== undefined) query.andWhere('issued_at < :to', { to });
    return query.getMany();
  }

  async #invoice(id: string): Promise<Invoice> {
    const { state } = await this.store.load(invoiceStream, id);
    return viewInvoice(id, state);
  }
}
