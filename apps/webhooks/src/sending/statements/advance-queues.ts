/**
 * Makes the first pending delivery of each queue due.
 *
 * $1 endpoints, $2 queues
 *
 * Hazards:
 * - The caller holds QUEUE_LOCK: otherwise a delivery could join the queue behind one that is just leaving, and wait for ever.
 * - `order by … limit 1` is what the index gives without statistics; an aggregate would read all that is pending.
 */
export const advanceQueues = {
  name: 'advance_queues',
  text: `
  update deliveries d set due_at = now()
  from unnest($1::text[], $2::text[]) as q(endpoint_id, queue)
  cross join lateral (
    select id, day from deliveries p
    where p.endpoint_id = q.endpoint_id and p.queue = q.queue and p.status = 'pending'
    order by p.seq limit 1
  ) head
  where d.id = head.id and d.day = head.day and d.due_at is null`,
};
