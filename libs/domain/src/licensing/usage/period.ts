import type { QuotaPeriod } from '../entitlements/entitlement.ts';
import { EPOCH, type Interval, periodBoundary, periodIndex } from '../../shared/calendar.ts';
import type { Time } from '../../shared/time.ts';

/** The time that a quota counts for, [start, end), by the calendar in UTC. */
export interface Period {
  readonly period: QuotaPeriod;
  readonly start: Time;
  /** null = never. */
  readonly end: Time | null;
}

/** The last two results for each kind. Most usage is in the present period; late usage is in the one before. */
const latest = new Map<QuotaPeriod, readonly [Period, Period]>();

/** The period that a time is in. A lifetime starts before any usage. */
export const periodOf = (period: QuotaPeriod, time: Time): Period => {
  const known = latest.get(period);
  if (known !== undefined && covers(known[0], time)) return known[0];
  if (known !== undefined && covers(known[1], time)) return known[1];
  const found = computed(period, time);
  latest.set(period, [found, known?.[0] ?? found]);
  return found;
};

const INTERVALS: Readonly<Record<Exclude<QuotaPeriod, 'lifetime'>, Interval>> = {
  hourly: { unit: 'hour', count: 1 },
  daily: { unit: 'day', count: 1 },
  monthly: { unit: 'month', count: 1 },
  yearly: { unit: 'year', count: 1 },
};

const computed = (period: QuotaPeriod, time: Time): Period => {
  if (period === 'lifetime') return { period, start: EPOCH, end: null };
  const interval = INTERVALS[period];
  const n = periodIndex(EPOCH, interval, time);
  return { period, start: periodBoundary(EPOCH, interval, n), end: periodBoundary(EPOCH, interval, n + 1) };
};

/** How far the caller's clock may be ahead of the server's, in milliseconds. */
export const AHEAD_MS = 5 * 60_000;
/**
 * How long usage is accepted after the end of its period, in milliseconds. A program that was offline over a long weekend sends
 * its usage late; the period can be invoiced on the fourth day.
 */
export const LATE_MS = 72 * 3_600_000;

/** Whether a time is in a period. */
export const covers = ({ start, end }: Period, time: Time): boolean => start <= time && (end === null || time < end);

/** Whether usage may be recorded now: not from the future, and not in a period that ended more than three days ago. */
export const isTimely = ({ end }: Period, time: Time, now: Time): boolean =>
  time >= EPOCH &&
  (time <= now || Date.parse(time) <= Date.parse(now) + AHEAD_MS) &&
  (end === null || end > now || Date.parse(end) > Date.parse(now) - LATE_MS);
