import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#events/subscription/transaction';
import { type DeliveryStatus, QUEUE_LOCK } from '../deliveries/delivery.table.ts';
import type { Attempt } from './attempt.ts';
import type { Claimed } from './claims.ts';

/** What an attempt came to. */
export interface Result {
  readonly delivery: Claimed;
  readonly attempt: Attempt;
  readonly status: DeliveryStatus;
  /** Milliseconds until the next attempt, when there is to be one. */
  readonly pause: number | undefined;
}

/** Who no longer holds the delivery may say that it arrived, but not when it is to be tried again. */
const RECORD = `
  with result as (
    select * from unnest(
      $1::text[], $2::text[], $3::float8[], $4::timestamptz[], $5::int[], $6::int[], $7::text[], $8::text[]
    ) as r(delivery_id, status, pause, at, duration_ms, response_status, response_body, error)
  ),
  kept as (
    insert into attempts (delivery_id, at, duration_ms, response_status, response_body, error)
    select delivery_id, at, duration_ms, response_status, response_body, error from result
    -- written before, by a transaction whose end we did not hear of
    on conflict do nothing
  )
  update deliveries d set
    status = r.status,
    due_at = now() + r.pause * interval '1 millisecond',
    attempts = d.attempts + 1,
    claimed_by = null,
    claimed_until = null
  from result r
  where d.id = r.delivery_id and d.status = 'pending' and (d.claimed_by = $9 or r.status = 'succeeded')`;

/** The first of each queue is due, whoever that is now. */
const ADVANCE = `
  update deliveries d set due_at = now()
  from unnest($1::text[], $2::text[]) as q(endpoint_id, queue)
  cross join lateral (
    select id from deliveries p
    where p.endpoint_id = q.endpoint_id and p.queue = q.queue and p.status = 'pending'
    order by p.seq limit 1
  ) head
  where d.id = head.id and d.due_at is null`;

/** Writes results of deliveries that nothing waits behind, all or nothing. */
export const recordFree = (pool: Pool, owner: string, results: readonly Result[]): Promise<void> =>
  write(pool, owner, results);

/** Writes results of ordered deliveries, all or nothing; where one is done, the next of its queue becomes due. */
export const recordOrdered = (pool: Pool, owner: string, results: readonly Result[]): Promise<void> =>
  inTransaction(pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${QUEUE_LOCK})`);
    await write(tx, owner, results);
    await advance(tx, results);
  });

const write = async (db: Pool | PoolClient, owner: string, results: readonly Result[]): Promise<void> => {
  await db.query({
    name: 'record_results',
    text: RECORD,
    values: [
      results.map(({ delivery }) => delivery.id),
      results.map(({ status }) => status),
      results.map(({ pause }) => pause ?? null),
      results.map(({ attempt }) => attempt.at),
      results.map(({ attempt }) => attempt.duration_ms),
      results.map(({ attempt }) => attempt.response_status),
      results.map(({ attempt }) => attempt.response_body),
      results.map(({ attempt }) => attempt.error),
      owner,
    ],
  });
};

const advance = async (tx: PoolClient, results: readonly Result[]): Promise<void> => {
  const done = results.filter(({ status }) => status !== 'pending').map(({ delivery }) => delivery);
  if (done.length === 0) return;
  await tx.query({
    name: 'advance_queues',
    text: ADVANCE,
    values: [done.map(({ endpoint_id }) => endpoint_id), done.map(({ queue }) => queue)],
  });
};
