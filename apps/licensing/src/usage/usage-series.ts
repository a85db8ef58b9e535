import type { Pool } from 'pg';
import { Problem } from '#platform/http/problem';

export const BUCKETS = ['hour', 'day', 'month'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** A stretch of time and what was used in it. */
export interface Usage {
  readonly start: string;
  readonly quantity: number;
  readonly records: number;
}

export interface SeriesOf {
  readonly license_id: string;
  readonly feature: string;
  readonly bucket: Bucket;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Buckets of an answer at most: six weeks by the hour. */
const MOST = 1_000;
/** Nothing is counted that was used before. */
const EARLIEST = 0;
/** How many are shown when nobody says from when. */
const SHOWN: Readonly<Record<Bucket, number>> = { hour: 24, day: 30, month: 12 };

/**
 * What was used, in whole buckets of the calendar in UTC, oldest first, those with nothing in them too: from the one that `from`
 * falls in to the last that begins before `to` (by default, up to now).
 * @throws Problem 400 when there is no such time, or too much of it
 */
export const usageSeries = async (
  pool: Pool,
  now: Date,
  { license_id, feature, bucket, ...asked }: SeriesOf,
): Promise<{ readonly from: string; readonly to: string; readonly data: readonly Usage[] }> => {
  const to = asked.to === undefined ? now.getTime() : Date.parse(asked.to);
  const from =
    asked.from === undefined
      ? startOf(bucket, to - 1, 1 - SHOWN[bucket])
      : startOf(bucket, Math.max(Date.parse(asked.from), EARLIEST));
  const starts = startsBetween(bucket, from, to);
  const [first, last] = [starts[0] ?? to, starts.at(-1) ?? to];
  const end = startOf(bucket, last, 1);
  const { rows } = await pool.query<{ start: Date; quantity: string; records: string }>({
    text: `select date_trunc($5, hour, 'UTC') as start, sum(quantity) as quantity, sum(records) as records from usage_by_hour
      where license_id = $1 and feature = $2 and hour >= $3 and hour < $4 group by 1`,
    values: [license_id, feature, new Date(first), new Date(end), bucket],
  });
  const used = new Map(rows.map(({ start, quantity, records }) => [start.getTime(), { quantity, records }]));
  const data = starts.map((start) => {
    const { quantity = 0, records = 0 } = used.get(start) ?? {};
    return { start: new Date(start).toISOString(), quantity: Number(quantity), records: Number(records) };
  });
  return { from: new Date(first).toISOString(), to: new Date(end).toISOString(), data };
};

const startsBetween = (bucket: Bucket, from: number, to: number): number[] => {
  if (from >= to) throw outOfRange('from must lie before to.', 'must lie before to');
  const starts: number[] = [];
  for (let start = from; start < to; start = startOf(bucket, start, 1)) {
    starts.push(start);
    if (starts.length > MOST)
      throw outOfRange(`A series has ${MOST} buckets at most.`, `is more than ${MOST} buckets before to`);
  }
  return starts;
};

/** When the bucket begins that a time falls in, or one so many before or after it. */
const startOf = (bucket: Bucket, time: number, further = 0): number => {
  const at = new Date(time);
  const [year, month, day, hour] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours()];
  switch (bucket) {
    case 'hour':
      return Date.UTC(year, month, day, hour + further);
    case 'day':
      return Date.UTC(year, month, day + further);
    case 'month':
      return Date.UTC(year, month + further);
  }
};

const outOfRange = (message: string, detail: string): Problem =>
  new Problem(400, 'VALIDATION_FAILED', message, { errors: [{ pointer: '?from', detail }] });
