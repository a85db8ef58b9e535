import { DUE_CHANNEL } from '../../deliveries/delivery.table.ts';

/**
 * The common part of record-results.ts and record-arrived-results.ts: stores attempts, updates their deliveries, closes circuits.
 *
 * $1 delivery ids, $2 statuses, $3 ms until the next attempts, $4 times, $5 durations, $6 response statuses, $7 bodies, $8 errors,
 * $9 owner, $10 endpoints that answered, $11 days of the deliveries, $12 versions of the endpoints, $13 error details
 *
 * Hazards:
 * - An expired claim may have been taken over. Its result still counts when the delivery arrived, but does not set a next attempt.
 * - Deliveries are found by their keys and by nothing else: any further condition that has an index may get that index read whole.
 *   Hence `case d.status …`.
 */
export const WRITE_RESULTS = `
  with result as (
    select * from unnest(
      $1::text[], $2::text[], $3::float8[], $4::timestamptz[], $5::int[], $6::int[], $7::text[], $8::text[], $11::int[], $12::int[],
      $13::text[]
    ) as r(delivery_id, status, pause, at, duration_ms, response_status, response_body, error, day, endpoint_version, error_detail)
  ),
  recorded as (
    insert into attempts (delivery_id, day, at, endpoint_version, duration_ms, response_status, response_body, error, error_detail)
    select delivery_id, day, at, endpoint_version, duration_ms, response_status, response_body, error, error_detail
    from result r
    -- nothing is kept of a delivery whose week has been dropped meanwhile
    where exists (select from deliveries d where d.id = r.delivery_id and d.day = r.day)
    -- written before, by a transaction whose commit was not confirmed
    on conflict do nothing
  ),
  updated as (
    update deliveries d set
      status = r.status,
      due_at = now() + r.pause * interval '1 millisecond',
      attempts = d.attempts + 1,
      response_status = r.response_status,
      settled_at = case when r.status = 'pending' then null else now() end,
      -- events about webhooks make no further events
      announced = r.status <> 'failed' or d.event_type like 'webhook.%',
      claimed_by = null,
      claimed_until = null
    from result r
    where d.id = r.delivery_id and d.day = r.day
      and case d.status when 'pending' then d.claimed_by = $9 or r.status = 'succeeded' end
  ),
  closed as (
    update delivery_gates g
    set failures = 0, opened_at = null, failed_probes = 0, next_probe_at = null, probing_until = null
    where g.endpoint_id = any($10) and g.failures > 0
    returning g.endpoint_id
  )`;

/** Notifies the senders of endpoints whose circuit closed: their deliveries can be claimed again. */
export const NOTIFY_CLOSED = `select null as endpoint_id from closed where pg_notify('${DUE_CHANNEL}', endpoint_id) is null`;
