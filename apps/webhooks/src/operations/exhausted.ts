import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { derivedId } from '#domain/shared/id';
import { type DeliveryExhausted, deliveryStream, type ExhaustedReason } from '#domain/webhooks/delivery/delivery';
import type { EventMetadata } from '#events/event';
import { type EventStore, UniqueViolationError } from '#events/store';
import { TODAY } from '../history/days.ts';

const AT_ONCE = 200;
const METADATA: EventMetadata = { actor: { type: 'system', id: 'webhooks' }, correlation_id: 'webhooks:exhausted' };

interface Untold {
  readonly id: string;
  readonly day: number;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly attempts: number;
  readonly response_status: number | null;
  readonly settled_at: Date;
  readonly product_id: string | null;
  readonly reason: ExhaustedReason;
}

/** `order by` makes the planner take the partial index, even without statistics that say how few rows it has. */
const UNTOLD = `
  select d.id, d.day, d.endpoint_id, d.event_id, d.event_type, d.attempts, d.response_status, d.settled_at, e.product_id,
    case when d.response_status = 410 then 'gone' when d.day < ${TODAY} - $1::int then 'age' else 'attempts' end as reason
  from deliveries d left join webhook_endpoints e on e.id = d.endpoint_id
  where not d.announced order by d.id limit ${AT_ONCE}`;

/** Not for deliveries that were queued again meanwhile: a later failure makes another event. */
const TOLD = `
  update deliveries d set announced = true
  from unnest($1::text[], $2::int[], $3::timestamptz[]) as t(id, day, settled_at)
  where d.id = t.id and d.day = t.day and date_trunc('milliseconds', d.settled_at) = t.settled_at and not d.announced`;

/**
 * Makes an event of each delivery that has failed for good. `announced` says which are still to be told, and the event's id follows from the
 * delivery: after a crash at any point each is told exactly once.
 * @returns whether there may be more
 */
export const announceExhausted = async (pool: Pool, store: EventStore, retentionDays: number): Promise<boolean> => {
  const { rows } = await pool.query<Untold>({ name: 'untold_deliveries', text: UNTOLD, values: [retentionDays] });
  await Promise.all(rows.map((row) => tell(row, store)));
  if (rows.length === 0) return false;
  await pool.query({
    name: 'told_deliveries',
    text: TOLD,
    values: [rows.map(({ id }) => id), rows.map(({ day }) => day), rows.map(({ settled_at }) => settled_at)],
  });
  return rows.length === AT_ONCE;
};

const tell = async (row: Untold, store: EventStore): Promise<void> => {
  const { id, endpoint_id: webhook_id, product_id, event_id, event_type, reason, attempts, response_status } = row;
  const event: DeliveryExhausted = {
    type: 'webhook.delivery_exhausted',
    ...{ product_id, webhook_id, event_id, event_type, reason, attempts, response_status },
  };
  const once = derivedId('evt', createHash('sha256').update(`${id}/${row.settled_at.toISOString()}`).digest());
  try {
    await store.handle(deliveryStream, id, () => [event], { metadata: METADATA, idOf: () => once });
  } catch (error) {
    // An earlier run made the event, and was stopped before it could set `announced`.
    if (!(error instanceof UniqueViolationError && error.constraint === 'events_id_key')) throw error;
  }
};
