import { CLAIMABLE } from './claimable.ts';

/**
 * Claims due deliveries of many lanes, each from behind what it claimed last. Names endpoints with a gate instead of claiming for
 * them: see claim-gated-deliveries.ts.
 *
 * $1 endpoints, $2 how many of each lane, $3 owner, $4 lease in ms, $5 replay lane or not, $6 and $7 where the last claim of the lane ended
 *
 * Hazards:
 * - Until the next vacuum the index still holds every finished delivery, before all others. Without `(due_at, seq) >` a claim reads them all.
 * - The commit does not wait for the disk (`synchronous_commit`): a claim that a crash of the database loses is only a due delivery again.
 * - `skip locked`: two senders that waited for each other's rows would claim one after the other.
 */
export const claimDeliveries = {
  name: 'claim_deliveries',
  text: `
  with without_waiting as materialized (select set_config('synchronous_commit', 'off', true)),
  lane as materialized (
    select l.endpoint_id, l.replayed, l.free, l.seq, 'epoch'::timestamptz + l.due_us * interval '1 microsecond' as due_at,
      e.version, e.settings ->> 'rate_limit' is not null or g.opened_at is not null as gated
    from unnest($1::text[], $5::boolean[], $2::int[], $6::bigint[], $7::bigint[]) as l(endpoint_id, replayed, free, due_us, seq)
    join webhook_endpoints e on e.id = l.endpoint_id and e.active
    left join delivery_gates g on g.endpoint_id = l.endpoint_id
  ),
  taken as materialized (
    select d.id, d.day, lane.version
    from lane
    cross join lateral (
      select d.id, d.day from deliveries d
      where d.endpoint_id = lane.endpoint_id and d.replayed = lane.replayed and ${CLAIMABLE}
        and (d.due_at, d.seq) > (lane.due_at, lane.seq)
      order by d.due_at, d.seq
      limit lane.free
      for update skip locked
    ) d
    where not lane.gated
  ),
  claimed as (
    update deliveries d set claimed_by = $3, claimed_until = now() + $4 * interval '1 millisecond'
    from taken t, without_waiting, outgoing_events o
    where d.id = t.id and d.day = t.day and o.event_id = d.event_id and o.day = t.day
    returning d.id, d.day, d.seq, d.endpoint_id, d.event_id, d.attempts, d.queue, d.replayed, t.version, o.body,
      (extract(epoch from d.due_at) * 1000000)::bigint as due_us
  )
  select * from claimed
  union all
  select null, null, null, endpoint_id, null, null, null, replayed, null, null, null from lane where gated`,
};
