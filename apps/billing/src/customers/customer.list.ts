import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { containing } from '#platform/database/newest-first';
import { pages } from '#platform/export/streams';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { withUnicodeDomains } from '#platform/mail/address';
import { emailHash } from '#platform/mail/email-hash';
import { DATABASE, MASTER_KEY } from '#platform/service';
import type { Customer, listCustomers } from './customer.endpoints.ts';
import { type CustomerRow, customersTable } from './customer.table.ts';
import { viewCustomer } from './customer.view.ts';

type Filters = Static<(typeof listCustomers)['query']>;

const SEARCHED = `concat_ws(' ', id, email, name, company, external_id)`;

/** Searches customers. */
@Injectable()
export class CustomerList {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
  ) {}

  async page(filters: Filters): Promise<{ data: Customer[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor } = filters;
    const [at, id] = decodeCursor(cursor, ['string', 'string']).map(String);
    return pageOf(await this.#rows(filters, { at, id }, limit + 1), limit, keyOf, view);
  }

  /** All matching customers, one by one. */
  async *all(filters: Filters): AsyncIterable<Customer> {
    const rows = pages<CustomerRow>((last, limit) => {
      const [at, id] = last === undefined ? [] : keyOf(last);
      return this.#rows(filters, { at, id }, limit);
    });
    for await (const row of rows) yield view(row);
  }

  /** Ids that are derived from an address do not ascend with time, so rows are in the order of their time and id. */
  #rows(
    { email, external_id, q }: Filters,
    { at, id }: { readonly at: string | undefined; readonly id: string | undefined },
    limit: number,
  ): Promise<CustomerRow[]> {
    const query = this.database.orm
      .getRepository(customersTable)
      .createQueryBuilder('customers')
      .orderBy('customers.created_at', 'DESC')
      .addOrderBy('customers.id', 'DESC')
      .limit(limit);
    if (at !== undefined) query.andWhere('(created_at, id) < (:at::timestamptz, :id)', { at, id });
    if (email !== undefined) query.andWhere({ email_hash: emailHash(this.masterKey, email) });
    if (external_id !== undefined) query.andWhere({ external_id });
    if (q !== undefined) query.andWhere(...containing(withUnicodeDomains(q), SEARCHED));
    return query.getMany();
  }
}

const keyOf = ({ created_at, id }: CustomerRow): [string, string] => [created_at.toISOString(), id];

const view = (row: CustomerRow): Customer => viewCustomer(row.id, row);
