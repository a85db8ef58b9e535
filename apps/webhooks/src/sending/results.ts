import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import { inTransaction } from '#events/subscription/transaction';
import { DUE_CHANNEL, QUEUE_LOCK } from '../deliveries/delivery.table.ts';
import type { Attempt } from './attempt.ts';
import { type Streak, streaksOf } from './circuit.ts';
import type { Claimed } from './claimed.ts';
import type { CircuitSettings } from './settings.ts';
import type { Verdict } from './verdict.ts';

/** What an attempt came to. */
export interface Result extends Verdict {
  readonly delivery: Claimed;
  readonly attempt: Attempt;
}

/**
 * Who no longer holds the delivery may say that it arrived, but not when it is to be tried again. Deliveries are found by their keys, and
 * nothing else is said of them that an index could be read for.
 */
const WRITE = `
  with result as (
    select * from unnest(
      $1::text[], $2::text[], $3::float8[], $4::timestamptz[], $5::int[], $6::int[], $7::text[], $8::text[], $11::int[], $12::int[],
      $13::text[]
    ) as r(delivery_id, status, pause, at, duration_ms, response_status, response_body, error, day, endpoint_version, error_detail)
  ),
  kept as (
    insert into attempts (delivery_id, day, at, endpoint_version, duration_ms, response_status, response_body, error, error_detail)
    select delivery_id, day, at, endpoint_version, duration_ms, response_status, response_body, error, error_detail
    from result r
    -- of what has grown too old meanwhile nothing is kept
    where exists (select from deliveries d where d.id = r.delivery_id and d.day = r.day)
    -- written before, by a transaction whose end we did not hear of
    on conflict do nothing
  ),
  told as (
    update deliveries d set
      status = r.status,
      due_at = now() + r.pause * interval '1 millisecond',
      attempts = d.attempts + 1,
      response_status = r.response_status,
      settled_at = case when r.status = 'pending' then null else now() end,
      -- of events about webhooks no further events are made
      announced = r.status <> 'failed' or d.event_type like 'webhook.%',
      claimed_by = null,
      claimed_until = null
    from result r
    where d.id = r.delivery_id and d.day = r.day
      -- worded so that no index of what is pending is taken for a short way
      and case d.status when 'pending' then d.claimed_by = $9 or r.status = 'succeeded' end
  ),
  mended as (
    update delivery_gates g
    set failures = 0, opened_at = null, failed_probes = 0, next_probe_at = null, probing_until = null
    where g.endpoint_id = any($10) and g.failures > 0
    returning g.endpoint_id
  )`;

/** Who was opened to again is told that something is due. */
const TELL = `select null as endpoint_id from mended where pg_notify('${DUE_CHANNEL}', endpoint_id) is null`;

/** As most groups are: nothing in it failed. */
const RECORD_ARRIVED = `${WRITE}
  ${TELL}`;

const RECORD = `${WRITE},
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
  ${TELL}`;

/** The first of each queue is due, whoever that is now. */
const ADVANCE = `
  update deliveries d set due_at = now()
  from unnest($1::text[], $2::text[]) as q(endpoint_id, queue)
  cross join lateral (
    select id, day from deliveries p
    where p.endpoint_id = q.endpoint_id and p.queue = q.queue and p.status = 'pending'
    order by p.seq limit 1
  ) head
  where d.id = head.id and d.day = head.day and d.due_at is null`;

/** @returns endpoints whose circuit is open now */
type Write = (pool: Pool, by: Writer, results: readonly Result[]) => Promise<string[]>;

export interface Writer {
  /** The claims' owner. */
  readonly owner: string;
  readonly circuit: CircuitSettings;
}

/**
 * Writes results of deliveries that nothing waits behind, all or nothing.
 * @param keyed see `keyedPool`
 */
export const recordFree: Write = async (keyed, by, results) =>
  opened(await keyed.query<Opened>(recording(by, results, 'record_results')));

/** Writes results of ordered deliveries, all or nothing; where one is done, the next of its queue becomes due. */
export const recordOrdered: Write = (pool, by, results) =>
  inTransaction(pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${QUEUE_LOCK})`);
    const recorded = await tx.query<Opened>(recording(by, results, 'record_ordered_results'));
    await advance(tx, results);
    return opened(recorded);
  });

interface Opened {
  readonly endpoint_id: string | null;
}

const opened = ({ rows }: QueryResult<Opened>): string[] => rows.flatMap(({ endpoint_id }) => endpoint_id ?? []);

const recording = ({ owner, circuit }: Writer, results: readonly Result[], name: string): QueryConfig => {
  const streaks = streaksOf(results);
  const failing = streaks.filter(({ failures }) => failures > 0);
  const values: unknown[] = [
    results.map(({ delivery }) => delivery.id),
    results.map(({ status }) => status),
    results.map(({ pause }) => pause ?? null),
    results.map(({ attempt }) => attempt.at),
    results.map(({ attempt }) => attempt.duration_ms),
    results.map(({ attempt }) => attempt.response_status),
    results.map(({ attempt }) => attempt.response_body),
    results.map(({ attempt }) => attempt.error),
    owner,
    streaks.filter(({ failures }) => failures === 0).map(id),
    results.map(({ delivery }) => delivery.day),
    results.map(({ delivery }) => delivery.version),
    results.map(({ attempt }) => attempt.error_detail),
  ];
  if (failing.length === 0) return { name: `${name}_arrived`, text: RECORD_ARRIVED, values };
  values.push(
    failing.map(id),
    failing.map(({ failures }) => failures),
    failing.map(({ succeeded }) => succeeded),
    failing.map(({ probe_failed }) => probe_failed),
    circuit.failures,
    circuit.pause,
    circuit.longest,
  );
  return { name, text: RECORD, values };
};

const id = ({ endpoint_id }: Streak): string => endpoint_id;

const advance = async (tx: PoolClient, results: readonly Result[]): Promise<void> => {
  const done = results.filter(({ status }) => status !== 'pending').map(({ delivery }) => delivery);
  if (done.length === 0) return;
  await tx.query({
    name: 'advance_queues',
    text: ADVANCE,
    values: [done.map(({ endpoint_id }) => endpoint_id), done.map(({ queue }) => queue)],
  });
};
