import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { inTransaction } from '#events/subscription/transaction';
import { realTime } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE } from '#platform/service';
import type { Delivery, listDeliveries } from './delivery.endpoints.ts';
import { type AttemptRow, type DeliveryRow, DUE_CHANNEL, QUEUE_LOCK } from './delivery.table.ts';
import { queueTestEvent } from './test-event.ts';

type Filters = Static<(typeof listDeliveries)['query']>;

type ListedRow = Pick<
  DeliveryRow,
  'id' | 'seq' | 'event_id' | 'event_type' | 'subject' | 'replay_id' | 'status' | 'due_at' | 'created_at'
> & { readonly attempts: readonly ListedAttempt[] };

/** `at` is a time in PostgreSQL's JSON format. */
type ListedAttempt = Omit<AttemptRow, 'delivery_id' | 'day' | 'endpoint_version' | 'at'> & { readonly at: string };

const LISTED = `
  select d.id, d.seq, d.event_id, d.event_type, d.subject, d.replay_id, d.status, d.due_at, d.created_at, tried.attempts
  from deliveries d
  cross join lateral (
    select coalesce(json_agg(to_json(a) order by a.at), '[]') as attempts
    from (
      select at, duration_ms, response_status, response_body, error, error_detail from attempts
      where delivery_id = d.id and day = d.day
    ) a
  ) tried`;

/**
 * Queues a delivery again, with a full retry schedule. A delivery that is being sent is not changed. In an ordered endpoint it takes its
 * old place, before later deliveries that have not begun.
 */
const REQUEUE = `
  update deliveries set status = 'pending', due_at = now(), attempts = 0, claimed_by = null, claimed_until = null,
    settled_at = null, announced = true, replayed = false, replay_id = null, replay_of = null
  where id = $1 and endpoint_id = $2 and (claimed_until is null or claimed_until < now())
    -- a delivery behind another of its queue keeps waiting
    and not (status = 'pending' and due_at is null)`;

/** A resend makes an open circuit probe at once, with the delivery that has waited longest. */
const PROBE_NOW = 'update delivery_gates set next_probe_at = now() where endpoint_id = $1 and opened_at is not null';

@Injectable()
export class DeliveryList {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  async one(endpointId: string, id: string): Promise<Delivery | undefined> {
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'delivery',
      text: `${LISTED} where d.id = $1 and d.endpoint_id = $2`,
      values: [id, endpointId],
    });
    return rows.map(view)[0];
  }

  /** Newest first. */
  async page(endpointId: string, filters: Filters): Promise<{ data: Delivery[]; next_cursor: string | null }> {
    const {
      limit = DEFAULT_LIMIT,
      cursor,
      status,
      event_type,
      event_id,
      subject,
      since,
      until,
      response_status,
    } = filters;
    const [before = null] = decodeCursor(cursor, ['number']);
    const { rows } = await this.database.pool.query<ListedRow>({
      // One text for each status, so that the planner can choose a partial index.
      name: `deliveries_${status ?? 'all'}`,
      text: `${LISTED}
        where d.endpoint_id = $1
          and ($2::bigint is null or d.seq < $2)
          and ($3::text is null or d.event_type = $3)
          and ($5::text is null or d.event_id = $5)
          and ($6::text is null or d.subject = $6)
          and ($7::timestamptz is null or d.created_at >= $7)
          and ($8::timestamptz is null or d.created_at < $8)
          and ($9::int is null or d.response_status = $9)
          ${status === undefined ? '' : `and d.status = '${status}'`}
        order by d.seq desc
        limit $4`,
      values: [
        endpointId,
        before,
        event_type ?? null,
        limit + 1,
        event_id ?? null,
        subject ?? null,
        since ?? null,
        until ?? null,
        response_status ?? null,
      ],
    });
    return pageOf(rows, limit, ({ seq }) => [Number(seq)], view);
  }

  /** Queues a test event. */
  async queueTest(endpointId: string): Promise<Delivery | undefined> {
    const id = await inTransaction(this.database.pool, (tx) => queueTestEvent(endpointId, new Date(realTime()), tx));
    return this.one(endpointId, id);
  }

  /** Queues a delivery again, due now. @returns the delivery afterwards, undefined when there is none */
  async requeue(endpointId: string, id: string): Promise<Delivery | undefined> {
    await inTransaction(this.database.pool, async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(${QUEUE_LOCK})`);
      await tx.query({ name: 'requeue_delivery', text: REQUEUE, values: [id, endpointId] });
      await tx.query({ name: 'probe_now', text: PROBE_NOW, values: [endpointId] });
      await tx.query(`select pg_notify('${DUE_CHANNEL}', $1)`, [endpointId]);
    });
    return this.one(endpointId, id);
  }
}

const view = (row: ListedRow): Delivery => ({
  id: row.id,
  event_id: row.event_id,
  event_type: row.event_type,
  subject: row.subject,
  position: Number(row.seq),
  status: row.status,
  created_at: row.created_at.toISOString(),
  next_attempt_at: row.status === 'pending' ? (row.due_at?.toISOString() ?? null) : null,
  replay_id: row.replay_id,
  attempts: row.attempts.map(({ at, ...attempt }) => ({ at: new Date(at).toISOString(), ...attempt })),
});
