/**
 * Extends claims of this process, except those of endpoints that have been switched off or deleted. Returns the deliveries still held.
 *
 * $1 and $4 ids and days of deliveries, $2 owner, $3 lease in ms
 *
 * Hazards:
 * - `skip locked`: a locked delivery is having its result written, in another order than this statement's. Waiting could deadlock.
 * - `case d.status …` keeps the planner from choosing an index of pending deliveries and reading all of it.
 */
export const renewClaims = {
  name: 'renew_claims',
  text: `
  with ours as materialized (
    select d.id, d.day
    from unnest($1::text[], $4::int[]) as held(id, day)
    join deliveries d on d.id = held.id and d.day = held.day
    join webhook_endpoints e on e.id = d.endpoint_id and e.active
    where case d.status when 'pending' then d.claimed_by = $2 end
    for update of d skip locked
  )
  update deliveries d set claimed_until = now() + $3 * interval '1 millisecond'
  from ours where d.id = ours.id and d.day = ours.day
  returning d.id`,
};
