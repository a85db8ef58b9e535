import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import type { ServiceDatabase } from '#platform/database/database';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { DATABASE } from '#platform/service';
import { DUE_CHANNEL } from '../deliveries/delivery.table.ts';
import type { listWebhooks, Webhook } from './endpoint.endpoints.ts';
import type { EndpointRow } from './endpoint.table.ts';
import { shownSettings } from './settings.ts';

type Filters = Static<(typeof listWebhooks)['query']>;
interface ListedRow extends Omit<EndpointRow, 'secrets'> {
  readonly public_key: string | null;
  readonly failures: number | null;
  readonly opened_at: Date | null;
  readonly next_probe_at: Date | null;
  readonly probing: boolean | null;
}

const LISTED = `select id, version, product_id, url, description, events, ordering, active, disabled_reason, disabled_at, created_at,
    settings, secrets #>> '{0,signing_key,public_key}' as public_key, failures, opened_at, next_probe_at,
    probing_until > now() as probing
  from webhook_endpoints left join delivery_gates on endpoint_id = id`;

const CLOSE = `
  with closed as (
    update delivery_gates
    set failures = 0, opened_at = null, failed_probes = 0, next_probe_at = null, probing_until = null
    where endpoint_id = $1 and failures > 0
    returning endpoint_id
  )
  select pg_notify('${DUE_CHANNEL}', endpoint_id) from closed`;

/** Webhooks as the API shows them. A caller bound to a product sees only the webhooks of that product. */
@Injectable()
export class EndpointList {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  async one(id: string, boundTo: string | null): Promise<{ webhook: Webhook; etag: string } | undefined> {
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'webhook',
      text: `${LISTED} where id = $1 and ($2::text is null or product_id = $2)`,
      values: [id, boundTo],
    });
    const [row] = rows;
    return row && { webhook: view(row), etag: tagOf(row) };
  }

  /** Closes the circuit: the endpoint has changed, or an operator says that it works again. */
  async closeCircuit(id: string): Promise<void> {
    await this.database.pool.query({ name: 'close_circuit', text: CLOSE, values: [id] });
  }

  /** Newest first: ids ascend with time. */
  async page(filters: Filters, boundTo: string | null): Promise<{ data: Webhook[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor, product_id = null, status = null, tag = null, q = null } = filters;
    const [before = null] = decodeCursor(cursor, ['string']);
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'webhooks',
      text: `${LISTED}
        where ($1::text is null or id < $1)
          and ($2::text is null or product_id = $2)
          and ($3::text is null or product_id = $3)
          and ($4::text is null or active = ($4 = 'active'))
          and ($5::text is null or strpos(lower(url), lower($5)) > 0 or strpos(lower(description), lower($5)) > 0)
        and ($7::text is null or settings -> 'tags' ? $7)
        order by id desc
        limit $6`,
      values: [before, boundTo, product_id, status, q, limit + 1, tag],
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
    disabled_at: row.disabled_at?.toISOString() ?? null,
    created_at: created_at.toISOString(),
    ...shownSettings(row.settings),
    public_key: row.public_key,
    circuit: circuitOf(row),
  };
};

/** The circuit changes without a new version of the webhook, so the tag names it too; one that has had no failures needs no name. */
const tagOf = (row: ListedRow): string => {
  const circuit = circuitOf(row);
  const digest = createHash('sha256').update(JSON.stringify(circuit)).digest('hex').slice(0, 16);
  return etag(row.version, circuit.failures === 0 ? undefined : digest);
};

const circuitOf = ({ failures, opened_at, next_probe_at, probing }: ListedRow): Webhook['circuit'] => ({
  state: opened_at === null ? 'closed' : probing === true ? 'half_open' : 'open',
  failures: failures ?? 0,
  opened_at: opened_at?.toISOString() ?? null,
  next_probe_at: next_probe_at?.toISOString() ?? null,
});
