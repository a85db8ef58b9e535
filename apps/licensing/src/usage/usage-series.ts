import type { Pool } from 'pg';
import { EPOCH, periodBoundary, periodIndex } from '#domain/shared/calendar';
import { type Time, toTime } from '#domain/shared/time';
import { Problem } from '#platform/http/problem';

export const BUCKETS = ['hour', 'day', 'month'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** A time bucket and the usage in it. */
export interface Usage {
  readonly start: Time;
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

/** The largest number of buckets in an answer: six weeks by the hour. */
const MOST = 1_000;
/** The number of buckets in an answer if the request has no `from`. */
const SHOWN: Readonly<Record<Bucket, number>> = { hour: 24, day: 30, month: 12 };

/**
 * Usage in whole calendar buckets (UTC), oldest first, including empty buckets. The first bucket contains `from` (at the earliest
 * 1970, because no usage is older). The last one begins before `to` (default: now).
 * @throws Problem 400 if `from` is not before `to`, or if the answer would have too many buckets
 */
export const usageSeries = async (
  pool: Pool,
  now: Date,
  { license_id, feature, bucket, ...asked }: SeriesOf,
): Promise<{ readonly from: Time; readonly to: Time; readonly data: readonly Usage[] }> => {
  const to = asked.to === undefined ? now.getTime() : Date.parse(asked.to);
  const last = indexOf(bucket, toTime(to - 1));
  const first =
    asked.from === undefined ? last + 1 - SHOWN[bucket] : Math.max(indexOf(bucket, asked.from), indexOf(bucket, EPOCH));
  assertRange(first, last);
  const [from, end] = [startOf(bucket, first), startOf(bucket, last + 1)];
  const { rows } = await pool.query<{ start: Date; quantity: string; records: string }>({
    text: `select date_trunc($5, hour, 'UTC') as start, sum(quantity) as quantity, sum(records) as records from usage_by_hour
      where license_id = $1 and feature = $2 and hour >= $3 and hour < $4 group by 1`,
    values: [license_id, feature, from, end, bucket],
  });
  const used = new Map(rows.map(({ start, quantity, records }) => [start.toISOString(), { quantity, records }]));
  const data = Array.from({ length: last - first + 1 }, (_, n) => {
    const start = startOf(bucket, first + n);
    const { quantity = 0, records = 0 } = used.get(start) ?? {};
    return { start, quantity: Number(quantity), records: Number(records) };
  });
  return { from, to: end, data };
};

const assertRange = (first: number, last: number): void => {
  if (first > last) throw outOfRange('from must be before to.', 'must be before to');
  if (last - first >= MOST)
    throw outOfRange(`A series has at most ${MOST} buckets.`, `is more than ${MOST} buckets before to`);
};

const indexOf = (bucket: Bucket, time: Time): number => periodIndex(EPOCH, { unit: bucket, count: 1 }, time);

const startOf = (bucket: Bucket, index: number): Time => periodBoundary(EPOCH, { unit: bucket, count: 1 }, index);

const outOfRange = (message: string, detail: string): Problem =>
  new Problem(400, 'VALIDATION_FAILED', message, { errors: [{ pointer: '?from', detail }] });
