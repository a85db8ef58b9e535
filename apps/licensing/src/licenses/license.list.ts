import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import type { ServiceDatabase } from '#platform/database/database';
import { containing, newestFirst } from '#platform/database/newest-first';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE } from '#platform/service';
import { withUnicodeDomains } from '#platform/mail/address';
import { pages } from '#platform/export/streams';
import type { License, listLicenses } from './license.endpoints.ts';
import { type LicenseRow, licensesTable } from './license.table.ts';
import { viewRow } from './license.view.ts';

const SEARCHED = `concat_ws(' ', id, email, name, org_name, external_customer_id, external_workspace_id)`;

type Filters = Static<(typeof listLicenses)['query']>;

/** Searches licenses. The query has only the requested conditions, so that each can use its index. */
@Injectable()
export class LicenseList {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** @param boundTo the one product that the caller may see; null = all */
  async page(filters: Filters, boundTo: string | null): Promise<{ data: License[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor } = filters;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    return pageOf(await this.#rows(filters, boundTo, before, limit + 1), limit, ({ id }) => [id], viewRow);
  }

  /** All matching licenses, one by one. */
  async *all(filters: Filters, boundTo: string | null): AsyncIterable<License> {
    const rows = pages<LicenseRow>((last, limit) => this.#rows(filters, boundTo, last?.id, limit));
    for await (const row of rows) yield viewRow(row);
  }

  async #rows(
    filters: Filters,
    boundTo: string | null,
    before: string | undefined,
    limit: number,
  ): Promise<LicenseRow[]> {
    const { email, q, ...equal } = filters;
    const query = newestFirst(this.database.orm, licensesTable, before, limit);
    if (boundTo !== null) query.andWhere({ product_id: boundTo });
    for (const column of [
      'product_id',
      'plan_id',
      'status',
      'external_customer_id',
      'subscription_id',
      'invoice_id',
    ] as const) {
      if (equal[column] !== undefined) query.andWhere({ [column]: equal[column] });
    }
    if (email !== undefined) query.andWhere('lower(email) = lower(:email)', { email });
    if (q !== undefined) query.andWhere(...containing(withUnicodeDomains(q), SEARCHED));
    // Raw rows of the driver: an export takes three times as long if TypeORM makes entities of them.
    return query.select('*').getRawMany<LicenseRow>();
  }
}
