import { Controller, Inject } from '@nestjs/common';
import type { ServiceDatabase } from '#platform/database/database';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE } from '#platform/service';
import { listPayments, type Payment } from './payment.endpoints.ts';
import { type PaymentRow, paymentsTable } from './payment.table.ts';

@Controller()
export class PaymentController {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** Ids of payments derive from their invoices, so they are ordered by time. */
  @Endpoint(listPayments)
  async page({ query, principal }: Call<typeof listPayments>): Promise<unknown> {
    const { limit = DEFAULT_LIMIT, cursor, ...equal } = query;
    const [created_at, id] = decodeCursor(cursor, ['string', 'string']).map(String);
    const rows = this.database.orm
      .getRepository(paymentsTable)
      .createQueryBuilder(paymentsTable.name)
      .orderBy('payments.created_at', 'DESC')
      .addOrderBy('payments.id', 'DESC')
      .limit(limit + 1);
    if (created_at !== undefined && id !== undefined)
      rows.andWhere('(created_at, id) < (cast(:created_at as timestamptz), :id)', {
        created_at: timeOf(created_at),
        id,
      });
    if (principal.product_id !== null) rows.andWhere({ product_id: principal.product_id });
    for (const column of ['invoice_id', 'customer_id', 'status'] as const) {
      if (equal[column] !== undefined) rows.andWhere({ [column]: equal[column] });
    }
    return pageOf(await rows.getMany(), limit, (row) => [row.created_at.toISOString(), row.id], view);
  }
}

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
