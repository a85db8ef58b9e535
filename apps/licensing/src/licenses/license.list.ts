import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import type { ServiceDatabase } from '#platform/database/database';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE } from '#platform/service';
import { withUnicodeDomains } from '#platform/mail/address';
import { pages } from '../exports/streams.ts';
import type { License, listLicenses } from './license.endpoints.ts';
import type { LicenseRow } from './license.table.ts';
import { viewRow } from './license.view.ts';

type Filters = Static<(typeof listLicenses)['query']>;

/** Searches licenses. The query has only the conditions that were asked for, so that each can use its index. */
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
    const values: unknown[] = [];
    const conditions: string[] = [];
    const where = (condition: (parameter: string) => string, value: unknown): void => {
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    if (boundTo !== null) where((p) => `product_id = ${p}`, boundTo);
    for (const column of ['product_id', 'plan_id', 'status', 'external_customer_id'] as const) {
      if (equal[column] !== undefined) where((p) => `${column} = ${p}`, equal[column]);
    }
    if (email !== undefined) where((p) => `lower(email) = lower(${p})`, email);
    if (q !== undefined)
      where(
        (p) =>
          `strpos(lower(concat_ws(' ', id, email, name, org_name, external_customer_id, external_workspace_id)), lower(${p})) > 0`,
        withUnicodeDomains(q),
      );
    if (before !== undefined) where((p) => `id < ${p}`, before);
    values.push(limit);
    const { rows } = await this.database.pool.query<LicenseRow>(
      `select * from licenses ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''} order by id desc limit $${values.length}`,
      values,
    );
    return rows;
  }
}
