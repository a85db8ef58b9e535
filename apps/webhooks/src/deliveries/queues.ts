import type { PoolClient } from 'pg';
import { QUEUE_LOCK } from './delivery.table.ts';

/** A queue of an ordered endpoint, by its endpoint and name. */
export interface Queue {
  readonly endpoint_id: string;
  readonly queue: string | null;
}

/** Makes the first of each queue due, and lets the others wait unless they have begun. */
const ARRANGE = `
  with head as (
    select distinct on (d.endpoint_id, d.queue) d.id, d.endpoint_id, d.queue
    from (select distinct * from unnest($1::text[], $2::text[]) as q(endpoint_id, queue)) q
    join deliveries d on d.endpoint_id = q.endpoint_id and d.queue = q.queue and d.status = 'pending'
    order by d.endpoint_id, d.queue, d.seq
  )
  update deliveries d set due_at = case when d.id = head.id then now() end
  from head
  where d.endpoint_id = head.endpoint_id and d.queue = head.queue and d.status = 'pending'
    and (d.claimed_until is null or d.claimed_until < now())
    and (d.due_at is null) = (d.id = head.id)`;

/** Until the end of the transaction no other one changes a queue or gives out positions. */
export const lockQueues = async (tx: PoolClient): Promise<void> => {
  await tx.query(`select pg_advisory_xact_lock(${QUEUE_LOCK})`);
};

/** Puts queues in order after a delivery joined or left in the middle. The caller holds {@link lockQueues}. */
export const arrangeQueues = async (changed: readonly Queue[], tx: PoolClient): Promise<void> => {
  const queues = changed.filter(({ queue }) => queue !== null);
  if (queues.length === 0) return;
  await tx.query({
    name: 'arrange_queues',
    text: ARRANGE,
    values: [queues.map(({ endpoint_id }) => endpoint_id), queues.map(({ queue }) => queue)],
  });
};
