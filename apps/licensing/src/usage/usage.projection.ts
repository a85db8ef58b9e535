import type { UsageEvent } from '#domain/licensing/usage/usage';
import type { UnrecordedEvent } from '#events/event';
import { writingProjection } from '#events/store';
import { arrayOf } from '#events/store/array';
import { usageByHourTable, usageCountersTable } from './usage.tables.ts';

interface Counter {
  readonly license_id: string;
  readonly feature: string;
  readonly period: string;
  readonly period_start: string;
  readonly period_end: string | null;
  used: string;
  /** The stream version of the last `quota.warning` (0 = never), and its limit. */
  warned_in: number;
  warned_limit: number;
  exceeded_in: number;
  exceeded_limit: number;
  reset_in: number;
  version: number;
}

interface Hour {
  readonly license_id: string;
  readonly feature: string;
  readonly hour: string;
  quantity: bigint;
  records: number;
  version: number;
}

/**
 * Writes rows without reading them: each event holds the absolute values, and other columns only grow with the version.
 * Projecting an event again changes nothing.
 */
const UPSERT = `with counted as (
    insert into usage_counters as t
      (license_id, feature, period, period_start, period_end, used, warned_in, warned_limit, exceeded_in, exceeded_limit,
        reset_in, version)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::numeric[],
      $7::int[], $8::bigint[], $9::int[], $10::bigint[], $11::int[], $12::int[])
    on conflict (license_id, feature, period, period_start) do update set
      used = excluded.used,
      warned_in = greatest(t.warned_in, excluded.warned_in),
      warned_limit = case when excluded.warned_in > 0 then excluded.warned_limit else t.warned_limit end,
      exceeded_in = greatest(t.exceeded_in, excluded.exceeded_in),
      exceeded_limit = case when excluded.exceeded_in > 0 then excluded.exceeded_limit else t.exceeded_limit end,
      reset_in = greatest(t.reset_in, excluded.reset_in),
      version = excluded.version
    where t.version < excluded.version
  )
  insert into usage_by_hour as t (license_id, feature, hour, quantity, records, version)
  select * from unnest($13::text[], $14::text[], $15::timestamptz[], $16::numeric[], $17::bigint[], $18::int[])
  on conflict (license_id, feature, hour) do update set
    quantity = t.quantity + excluded.quantity,
    records = t.records + excluded.records,
    version = excluded.version
  where t.version < excluded.version`;

/** Usage by period, for quotas, and by hour, for series. */
export const usageProjection = writingProjection({
  name: 'usage',
  types: ['usage.recorded', 'quota.warning', 'quota.exceeded', 'usage.reset'],
  tables: [usageCountersTable.name, usageByHourTable.name],
  writes: (batch) => {
    const counters = new Map<string, Counter>();
    const hours = new Map<string, Hour>();
    for (const event of batch as unknown as readonly UnrecordedEvent<UsageEvent>[]) {
      count(counters, event);
      addUp(hours, event);
    }
    const sums = [...hours.values()].map((hour) => ({ ...hour, quantity: String(hour.quantity) }));
    const values = [...columns([...counters.values()], COUNTER), ...columns(sums, HOUR)];
    return [{ name: 'upsert_usage', text: UPSERT, values }];
  },
});

const COUNTER = [
  'license_id',
  'feature',
  'period',
  'period_start',
  'period_end',
  'used',
  'warned_in',
  'warned_limit',
  'exceeded_in',
  'exceeded_limit',
  'reset_in',
  'version',
] as const satisfies readonly (keyof Counter)[];
const HOUR = [
  'license_id',
  'feature',
  'hour',
  'quantity',
  'records',
  'version',
] as const satisfies readonly (keyof Hour)[];

const columns = <Name extends string>(
  rows: readonly Readonly<Record<Name, string | number | null>>[],
  names: readonly Name[],
): unknown[] => names.map((name) => arrayOf(rows.map((row) => row[name])));

const count = (counters: Map<string, Counter>, { event, stream_id, version }: UnrecordedEvent<UsageEvent>): void => {
  const { license_id, feature, period, period_start, period_end } = event;
  const key = `${stream_id} ${period} ${period_start}`;
  let counter = counters.get(key);
  if (counter === undefined) {
    const unseen = {
      used: '0',
      warned_in: 0,
      warned_limit: 0,
      exceeded_in: 0,
      exceeded_limit: 0,
      reset_in: 0,
      version,
    };
    counter = { license_id, feature, period, period_start, period_end, ...unseen };
    counters.set(key, counter);
  }
  counter.version = version;
  counter.used = event.type === 'usage.reset' ? '0' : event.used;
  if (event.type === 'quota.warning') {
    counter.warned_in = version;
    counter.warned_limit = event.limit;
  }
  if (event.type === 'quota.exceeded') {
    counter.exceeded_in = version;
    counter.exceeded_limit = event.limit;
  }
  if (event.type === 'usage.reset') counter.reset_in = version;
};

const addUp = (hours: Map<string, Hour>, { event, stream_id, version }: UnrecordedEvent<UsageEvent>): void => {
  if (event.type !== 'usage.recorded') return;
  const { license_id, feature, occurred_at, quantity } = event;
  const hour = `${occurred_at.slice(0, 13)}:00:00.000Z`;
  const known = hours.get(`${stream_id} ${hour}`);
  if (known === undefined) {
    hours.set(`${stream_id} ${hour}`, { license_id, feature, hour, quantity: BigInt(quantity), records: 1, version });
    return;
  }
  known.quantity += BigInt(quantity);
  known.records += 1;
  known.version = version;
};
