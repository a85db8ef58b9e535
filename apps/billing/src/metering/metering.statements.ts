import type { PoolClient } from 'pg';
import type { DeltaChange, Tally } from '#domain/billing/metering/metered-delta';
import type { Time } from '#domain/shared/time';
import { arrayOf } from '#events/store/array';
import type { MeteredDeltaRow } from './metered-delta.table.ts';
import type { Meter, Used } from './meters.ts';

export type Delta = MeteredDeltaRow;

/**
 * Locks the meters of customers until the end of the transaction, in one order, so that two transactions do not choose the same
 * minute of a meter.
 */
export const lockMeters = async (meters: readonly Meter[], tx: PoolClient): Promise<void> => {
  const keys = new Set(meters.map(({ customer_id, meter_event_name }) => `${customer_id}/${meter_event_name}`));
  await tx.query({
    name: 'lock_meters',
    text: `select pg_advisory_xact_lock(hashtextextended('metering/' || key, 0)) from unnest($1::text[]) as key`,
    values: [[...keys].sort()],
  });
};

/** The last version of each stream of usage that is in a delta, by `<license_id>/<feature>`. */
export const collectedVersions = async (
  used: readonly Used[],
  tx: PoolClient,
): Promise<ReadonlyMap<string, number>> => {
  const { rows } = await tx.query<{ key: string; version: number }>({
    name: 'metered_versions',
    text: `select used.license_id || '/' || used.feature as key, d.last_version as version
      from unnest($1::text[], $2::text[]) as used(license_id, feature)
      cross join lateral (
        select last_version from metered_deltas
        where license_id = used.license_id and feature = used.feature order by last_version desc limit 1
      ) as d`,
    values: [arrayOf(used.map(({ license_id }) => license_id)), arrayOf(used.map(({ feature }) => feature))],
  });
  return new Map(rows.map(({ key, version }) => [key, version]));
};

/** The deltas of a slice, locked against being handed out, and the newest slice of its period that has one. */
export const deltasOf = async (
  { license_id, feature }: Used,
  { slice }: Tally,
  tx: PoolClient,
): Promise<{ readonly known: readonly Delta[]; readonly newest: Time | undefined }> => {
  const [known, newest] = await Promise.all([
    tx.query<Delta>({
      name: 'metered_deltas_of',
      text: 'select * from metered_deltas where license_id = $1 and feature = $2 and collects = $3 order by id for update',
      values: [license_id, feature, slice.collects],
    }),
    tx.query<{ collects: Date }>({
      name: 'metered_newest',
      text: `select collects from metered_deltas
        where license_id = $1 and feature = $2 and collects >= $3 and ($4::timestamptz is null or collects < $4)
        order by collects desc limit 1`,
      values: [license_id, feature, slice.period.start, slice.period.end],
    }),
  ]);
  return { known: known.rows, newest: newest.rows[0]?.collects.toISOString() };
};

export const growDelta = (
  { id, quantity, last_at, last_version }: Extract<DeltaChange, { type: 'grow' }>,
  tx: PoolClient,
): Promise<unknown> =>
  tx.query({
    name: 'grow_metered_delta',
    text: 'update metered_deltas set quantity = $2, last_at = $3, last_version = $4 where id = $1',
    values: [id, quantity?.toString() ?? null, last_at, last_version],
  });

/** The minutes that the customer's meter has. */
const TAKEN = 'from metered_deltas as t where t.customer_id = $4 and t.meter_event_name = $6';

/**
 * The first free minute from $13 (the wanted one) on that is in the period; else the last free one before it in the period; else the first free one.
 */
const MINUTE = `coalesce(
    (select m from (select $13::timestamptz as m
        union all select t.minute + interval '1 minute' ${TAKEN} and t.minute >= $13) as up
      where ($10::timestamptz is null or m < $10) and not exists (select ${TAKEN} and t.minute = m) order by m limit 1),
    (select m from (select t.minute - interval '1 minute' as m ${TAKEN} and t.minute <= $13) as down
      where m >= $9 and not exists (select ${TAKEN} and t.minute = m) order by m desc limit 1),
    (select m from (select t.minute + interval '1 minute' as m ${TAKEN} and t.minute >= $13) as after
      where not exists (select ${TAKEN} and t.minute = m) order by m limit 1))`;

/** Begins a delta, in a minute of its own. One that exists stays as it is. */
export const beginDelta = (
  id: string,
  meter: Meter,
  { slice, quantity, last_at, last_version }: Tally,
  ready_at: Time,
  tx: PoolClient,
): Promise<unknown> =>
  tx.query({
    name: 'begin_metered_delta',
    text: `insert into metered_deltas (id, product_id, license_id, customer_id, feature, meter_event_name, aggregation, quantity,
        period_start, period_end, collects, subscription_id, minute, last_at, last_version, next_attempt_at, status, attempts)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, ${MINUTE}, $14, $15, $16, 'pending', 0)
      on conflict (id) do nothing`,
    values: [
      ...[id, meter.product_id, meter.license_id, meter.customer_id, meter.feature, meter.meter_event_name],
      ...[meter.aggregation, quantity?.toString() ?? null, slice.period.start, slice.period.end, slice.collects],
      ...[meter.subscription_id, slice.from, last_at, last_version, ready_at],
    ],
  });
