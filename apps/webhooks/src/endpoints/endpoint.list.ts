import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { DATABASE, decodeCursor, DEFAULT_LIMIT, pageOf, type ServiceDatabase } from '#platform';
import type { listWebhooks, Webhook } from './endpoint.endpoints.ts';
import type { EndpointRow } from './endpoint.table.ts';

type Filters = Static<(typeof listWebhooks)['query']>;
type ListedRow = Omit<EndpointRow, 'secrets'>;

const LISTED = `select id, version, product_id, url, description, events, ordering, active, disabled_reason, created_at
  from webhook_endpoints`;

/** Webhooks as people read them. A caller who is bound to a product sees the webhooks of that product alone. */
@Injectable()
export class EndpointList {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  async one(id: string, boundTo: string | null): Promise<{ webhook: Webhook; version: number } | undefined> {
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'webhook',
      text: `${LISTED} where id = $1 and ($2::text is null or product_id = $2)`,
      values: [id, boundTo],
    });
    const [row] = rows;
    return row && { webhook: view(row), version: row.version };
  }

  /** Newest first: ids ascend with time. */
  async page(filters: Filters, boundTo: string | null): Promise<{ data: Webhook[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor, product_id = null, status = null, q = null } = filters;
    const [before] = cursor === undefined ? [null] : decodeCursor(cursor, ['string']);
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'webhooks',
      text: `${LISTED}
        where ($1::text is null or id < $1)
          and ($2::text is null or product_id = $2)
          and ($3::text is null or product_id = $3)
          and ($4::text is null or active = ($4 = 'active'))
          and ($5::text is null or strpos(lower(url), lower($5)) > 0 or strpos(lower(description), lower($5)) > 0)
        order by id desc
        limit $6`,
      values: [before, boundTo, product_id, status, q, limit + 1],
    });
    return pageOf(rows, limit, ({ id }) => [id], view);
  }
}

const view = (row: ListedRow): Webhook => {
  const { id, product_id, url, description, events, ordering, active, disabled_reason, created_at } = row;
  return {
    id,
    product_id,
    url,
    description,
    events: [...events],
    ordering,
    active,
    disabled_reason,
    created_at: created_at.toISOString(),
  };
};
