import { CLAIMABLE } from './claimable.ts';

/**
 * Claims deliveries of endpoints that have a rate limit or an open circuit: slots one interval apart, each for one delivery of one
 * process; one slot, for a probe, where the circuit is open. Also returns for each endpoint when it has more slots to give.
 *
 * $1 endpoints, $2 how many of each, $3 owner, $4 lease in ms, $5 how far ahead slots are given, in ms, $6 ms until a probe that did not
 * return is repeated, $7 replay lane or not
 *
 * Hazards:
 * - The rows of gates are locked in one order, so that claimers wait for each other and cannot deadlock.
 * - A slot is taken only for a delivery that was found (`given.taken`), or a process would use up slots without sending.
 */
export const claimGatedDeliveries = {
  name: 'claim_gated',
  text: `
  with without_waiting as materialized (select set_config('synchronous_commit', 'off', true)),
  locked as materialized (
    select g.* from delivery_gates g where g.endpoint_id = any($1) order by g.endpoint_id for update
  ),
  gate as materialized (
    select g.endpoint_id, g.opened_at, g.next_probe_at, g.probing_until, e.version, l.free,
      greatest(g.next_slot, now()) as slot,
      coalesce(
        1000 / (e.settings #>> '{rate_limit,per_second}')::float8,
        60000 / (e.settings #>> '{rate_limit,per_minute}')::float8,
        0
      ) as apart
    from locked g
    join unnest($1::text[], $2::int[]) as l(endpoint_id, free) on l.endpoint_id = g.endpoint_id
    join webhook_endpoints e on e.id = g.endpoint_id and e.active
  ),
  room as materialized (
    select *, least(
      case
        when opened_at is null then free
        when next_probe_at <= now() and (probing_until is null or probing_until < now()) then 1
        else 0
      end,
      case
        when apart = 0 then free
        else greatest(0, floor(($5 - extract(epoch from slot - now()) * 1000) / apart) + 1)
      end
    )::int as places
    from gate
  ),
  found as materialized (
    select d.id, d.day, d.due_at, d.seq, room.endpoint_id
    from room
    cross join lateral (
      select d.id, d.day, d.due_at, d.seq from deliveries d
      where d.endpoint_id = room.endpoint_id and d.replayed = $7 and ${CLAIMABLE}
      order by d.due_at, d.seq
      limit room.places
      for update skip locked
    ) d
  ),
  numbered as materialized (
    select id, day, endpoint_id, row_number() over (partition by endpoint_id order by due_at, seq) - 1 as n from found
  ),
  given as materialized (
    select room.*, coalesce(c.taken, 0) as taken
    from room
    left join (select endpoint_id, count(*) as taken from numbered group by 1) c on c.endpoint_id = room.endpoint_id
  ),
  passed as (
    update delivery_gates g set
      next_slot = given.slot + given.taken * given.apart * interval '1 millisecond',
      probing_until = case when given.opened_at is null then null else now() + $6 * interval '1 millisecond' end
    from given
    where g.endpoint_id = given.endpoint_id and given.taken > 0
  ),
  claimed as (
    update deliveries d set claimed_by = $3, claimed_until = now() + $4 * interval '1 millisecond'
    from numbered n, given, without_waiting, outgoing_events o
    where d.id = n.id and d.day = n.day and given.endpoint_id = n.endpoint_id and o.event_id = d.event_id and o.day = n.day
    returning d.id, d.day, d.seq, d.endpoint_id, d.event_id, d.attempts, d.queue, d.replayed, given.version, o.body,
      extract(epoch from given.slot - now()) * 1000 + n.n * given.apart as wait, given.opened_at is not null as probe
  )
  select *, null::float8 as resume from claimed
  union all
  select null, null, null, endpoint_id, null, null, null, $7, null, null, null, null, case
      when opened_at is not null or places > taken then null
      else extract(epoch from slot - now()) * 1000 + taken * apart - $5
    end
  from given`,
};
