import { CLAIMABLE } from './claimable.ts';

/**
 * Finds the lanes that have something to claim. An endpoint with an open circuit has nothing until its next probe is due.
 *
 * Hazard: one index lookup for each lane (`exists`). Going from delivery to delivery instead takes 0.7 s with 10,000 lanes.
 */
export const lanesWithDue = {
  name: 'lanes_with_due',
  text: `
    select e.id as endpoint_id, r.replayed
    from webhook_endpoints e
    cross join (values (false), (true)) as r(replayed)
    left join delivery_gates g on g.endpoint_id = e.id
    where e.active and (g.opened_at is null or (g.next_probe_at <= now() and (g.probing_until is null or g.probing_until < now())))
      and exists (select from deliveries d where d.endpoint_id = e.id and d.replayed = r.replayed and ${CLAIMABLE})`,
};
