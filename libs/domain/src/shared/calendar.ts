import { DAY_MS, type Time, toTime } from './time.ts';

export const INTERVAL_UNITS = ['hour', 'day', 'week', 'month', 'year'] as const;
export type IntervalUnit = (typeof INTERVAL_UNITS)[number];

/** The length of a period: a whole number of calendar units, 1 or more. Three months are a quarter. */
export interface Interval {
  readonly unit: IntervalUnit;
  readonly count: number;
}

/** The anchor of calendar periods that belong to nothing else: hours, days, months and years of the calendar begin here. */
export const EPOCH: Time = '1970-01-01T00:00:00.000Z';

/** Units that always have the same length in UTC. */
const FIXED_MS = { hour: DAY_MS / 24, day: DAY_MS, week: 7 * DAY_MS } as const;
const MONTHS = { month: 1, year: 12 } as const;

const isFixed = (unit: IntervalUnit): unit is keyof typeof FIXED_MS => unit in FIXED_MS;

/**
 * Boundary number `n` of the periods that are counted from `anchor`, in UTC and to the millisecond: 0 is the anchor, 1 is the end
 * of the first period, -1 is one interval before the anchor. Period `n` is [boundary n, boundary n + 1).
 *
 * Each boundary is computed from the anchor and never from another boundary. If a month has no such day, the boundary is on its
 * last day, and the next one returns to the anchor's day: Jan 31 → Feb 28 → Mar 31.
 * @returns at most the last moment of the year 9999
 */
export const periodBoundary = (anchor: Time, { unit, count }: Interval, n: number): Time => {
  if (isFixed(unit)) return toTime(Date.parse(anchor) + n * count * FIXED_MS[unit]);
  const moved = new Date(anchor);
  const day = moved.getUTCDate();
  moved.setUTCMonth(moved.getUTCMonth() + n * count * MONTHS[unit]);
  // A day that the month does not have is in the next month: then day 0 of that month is the last of the one before.
  if (moved.getUTCDate() !== day) moved.setUTCDate(0);
  return toTime(moved.getTime());
};

/** The number of the period that `time` is in: the largest `n` whose boundary is not after `time`. Negative before the anchor. */
export const periodIndex = (anchor: Time, interval: Interval, time: Time): number => {
  const { unit, count } = interval;
  if (isFixed(unit)) return Math.floor((Date.parse(time) - Date.parse(anchor)) / (count * FIXED_MS[unit]));
  const n = Math.floor((monthOf(time) - monthOf(anchor)) / (count * MONTHS[unit]));
  // This boundary is in the month of `time` or before it, and the next one is in a later month.
  return periodBoundary(anchor, interval, n) > time ? n - 1 : n;
};

/** Months since the year 0. */
const monthOf = (time: Time): number => 12 * Number(time.slice(0, 4)) + Number(time.slice(5, 7));
