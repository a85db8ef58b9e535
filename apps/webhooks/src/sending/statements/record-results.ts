import { NOTIFY_CLOSED, WRITE_RESULTS } from './write-results.ts';

/**
 * Records results of which some failed, and opens circuits. Returns the endpoints whose circuit is open now. Parameters $1 to $13: see
 * write-results.ts.
 *
 * $14 endpoints with failures, $15 failures since the last success, $16 whether there was a success, $17 whether a probe failed,
 * $18 failures that open a circuit, $19 first pause before a probe and $20 longest pause, in ms
 *
 * Hazard: gates are upserted in the order of `endpoint_id`, as all instances lock them in that order.
 */
export const recordResults = {
  name: 'record_results',
  text: `${WRITE_RESULTS},
  failing as (
    insert into delivery_gates as g (endpoint_id, failures, failing_since, failed_at, opened_at, next_probe_at)
    select endpoint_id, failures, now(), now(), case when failures >= $18 then now() end,
      case when failures >= $18 then now() + $19 * interval '1 millisecond' end
    from unnest($14::text[], $15::int[], $16::boolean[], $17::boolean[]) as f(endpoint_id, failures, succeeded, probed)
    order by endpoint_id
    on conflict (endpoint_id) do update set
      (failures, failing_since, failed_at, opened_at, failed_probes, next_probe_at, probing_until) = (
      select total, since, now(), case when total >= $18 then coalesce(was, now()) end, tried,
        case
          when total < $18 then null
          when was is null or (probed and not succeeded) then now() + least($20, $19 * power(2, tried)) * interval '1 millisecond'
          else g.next_probe_at
        end,
        case when probed or was is null then null else g.probing_until end
      from (
        select f.succeeded, f.probed,
          excluded.failures + case when f.succeeded then 0 else g.failures end as total,
          case when f.succeeded or g.failures = 0 then now() else g.failing_since end as since,
          case when f.succeeded then null else g.opened_at end as was,
          case
            when f.succeeded or g.opened_at is null then 0
            when f.probed then least(g.failed_probes + 1, 30)
            else g.failed_probes
          end as tried
        from unnest($14::text[], $16::boolean[], $17::boolean[]) as f(endpoint_id, succeeded, probed)
        where f.endpoint_id = g.endpoint_id
      ) streak
    )
    returning g.endpoint_id, g.opened_at
  )
  select endpoint_id from failing where opened_at is not null
  union all
  ${NOTIFY_CLOSED}`,
};
