import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import type { ServiceDatabase } from '#platform/database/database';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE } from '#platform/service';
import type { ApiKey, listApiKeys } from './api-key.endpoints.ts';
import type { ApiKeyRow, ApiKeyUseRow } from './api-key.table.ts';
import { ApiKeyUses } from './api-key-uses.ts';

type Filters = Static<(typeof listApiKeys)['query']>;

/** A key that was never used has no last use. */
type ListedRow = Omit<ApiKeyRow, 'hash'> &
  (Omit<ApiKeyUseRow, 'api_key_id'> | Record<'last_used' | 'last_used_ip', null>);

const LISTED = `
  select k.id, k.version, k.name, k.scopes, k.product_id, k.prefix, k.created_at, k.revoked_at, u.last_used, u.last_used_ip
  from api_keys k left join api_key_uses u on u.api_key_id = k.id`;

/** Lists API keys. A caller that is bound to a product sees the keys of that product only. */
@Injectable()
export class ApiKeyList {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly uses: ApiKeyUses,
  ) {}

  async one(id: string, boundTo: string | null): Promise<{ key: ApiKey; version: number } | undefined> {
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'api-key',
      text: `${LISTED} where k.id = $1 and ($2::text is null or k.product_id = $2)`,
      values: [id, boundTo],
    });
    const [row] = rows;
    return row && { key: this.#view(row), version: row.version };
  }

  /** Newest first: ids ascend with time. */
  async page(filters: Filters, boundTo: string | null): Promise<{ data: ApiKey[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor, product_id = null, status = null, q = null } = filters;
    const [before = null] = decodeCursor(cursor, ['string']);
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'api-keys',
      text: `${LISTED}
        where ($1::text is null or k.id < $1)
          and ($2::text is null or k.product_id = $2)
          and ($3::text is null or k.product_id = $3)
          and ($4::text is null or ($4 = 'revoked') = (k.revoked_at is not null))
          and ($5::text is null or strpos(lower(k.name), lower($5)) > 0 or strpos(k.prefix, $5) > 0)
        order by k.id desc
        limit $6`,
      values: [before, boundTo, product_id, status, q, limit + 1],
    });
    return pageOf(
      rows,
      limit,
      ({ id }) => [id],
      (row) => this.#view(row),
    );
  }

  #view(row: ListedRow): ApiKey {
    const { id, name, scopes, product_id, prefix, created_at, revoked_at } = row;
    const noted = this.uses.noted(id);
    return {
      id,
      name,
      scopes: [...scopes],
      product_id,
      prefix,
      status: revoked_at === null ? 'active' : 'revoked',
      created_at: created_at.toISOString(),
      revoked_at: revoked_at?.toISOString() ?? null,
      last_used: noted?.at ?? row.last_used?.toISOString() ?? null,
      last_used_ip: noted?.ip ?? row.last_used_ip,
    };
  }
}
