import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { In } from 'typeorm';
import type { ServiceDatabase } from '#platform/database/database';
import { pages } from '#platform/export/streams';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE } from '#platform/service';
import { Customers } from '../customers/customers.ts';
import type { listPayments, Payment } from './payment.endpoints.ts';
import { type PaymentRow, paymentsTable } from './payment.table.ts';

type Filters = Static<(typeof listPayments)['query']>;

/** Searches payments. */
@Injectable()
export class PaymentList {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly customers: Customers,
  ) {}

  /** @param boundTo the one product that the caller may see; null = all */
  async page(filters: Filters, boundTo: string | null): Promise<{ data: Payment[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor } = filters;
    const last = decodeCursor(cursor, ['string', 'string']).map(String);
    return pageOf(await this.#rows(filters, boundTo, last, limit + 1), limit, keyOf, view);
  }

  /** All matching payments, one by one. */
  async *all(filters: Filters, boundTo: string | null): AsyncIterable<Payment> {
    const rows = pages<PaymentRow>((last, limit) =>
      this.#rows(filters, boundTo, last === undefined ? [] : keyOf(last), limit),
    );
    for await (const row of rows) yield view(row);
  }

  /** Ids of payments derive from their invoices, so they are ordered by time. */
  async #rows(
    filters: Filters,
    boundTo: string | null,
    [created_at, id]: readonly string[],
    limit: number,
  ): Promise<PaymentRow[]> {
    const rows = this.database.orm
      .getRepository(paymentsTable)
      .createQueryBuilder(paymentsTable.name)
      .orderBy('payments.created_at', 'DESC')
      .addOrderBy('payments.id', 'DESC')
      .limit(limit);
    if (created_at !== undefined && id !== undefined)
      rows.andWhere('(created_at, id) < (cast(:created_at as timestamptz), :id)', {
        created_at: timeOf(created_at),
        id,
      });
    if (boundTo !== null) rows.andWhere({ product_id: boundTo });
    const { customer_id } = filters;
    if (customer_id !== undefined) rows.andWhere({ customer_id: In(await this.customers.withMerged(customer_id)) });
    for (const column of ['invoice_id', 'status'] as const) {
      if (filters[column] !== undefined) rows.andWhere({ [column]: filters[column] });
    }
    return rows.getMany();
  }
}

const keyOf = ({ created_at, id }: PaymentRow): [string, string] => [created_at.toISOString(), id];

/** A cursor that was tampered with is answered as one of an empty page. */
const timeOf = (text: string): string => (Number.isNaN(Date.parse(text)) ? '-infinity' : text);

const view = (row: PaymentRow): Payment => {
  const { version: _version, product_id: _product, ask_at: _ask, ...payment } = row;
  return {
    ...payment,
    amount: Number(row.amount),
    amount_refunded: Number(row.amount_refunded),
    created_at: row.created_at.toISOString(),
    paid_at: row.paid_at?.toISOString() ?? null,
  };
};
