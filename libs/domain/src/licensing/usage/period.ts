import type { QuotaPeriod } from '../entitlements/entitlement.ts';
import { type Time, toTime } from '../../shared/time.ts';

/** The time for which a quota counts, by the calendar in UTC. */
export interface Period {
  readonly period: QuotaPeriod;
  readonly start: Time;
  /** When it begins anew; null = never. */
  readonly end: Time | null;
}

/** Lifetimes have begun before anything is counted. */
const BEGINNING = toTime(0);

/** The last one of each kind: most of what is asked for falls into the present one. */
const latest = new Map<QuotaPeriod, Period>();

/** The period that a time falls in. */
export const periodOf = (period: QuotaPeriod, time: Time): Period => {
  const known = latest.get(period);
  if (known !== undefined && covers(known, time)) return known;
  const made = reckon(period, time);
  latest.set(period, made);
  return made;
};

const reckon = (period: QuotaPeriod, time: Time): Period => {
  const at = new Date(time);
  const [year, month, day, hour] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours()];
  const between = (start: number, end: number): Period => ({ period, start: toTime(start), end: toTime(end) });
  switch (period) {
    case 'hourly':
      return between(Date.UTC(year, month, day, hour), Date.UTC(year, month, day, hour + 1));
    case 'daily':
      return between(Date.UTC(year, month, day), Date.UTC(year, month, day + 1));
    case 'monthly':
      return between(Date.UTC(year, month), Date.UTC(year, month + 1));
    case 'yearly':
      return between(Date.UTC(year, 0), Date.UTC(year + 1, 0));
    case 'lifetime':
      return { period, start: BEGINNING, end: null };
  }
};

/** How far ahead of our clock a caller's may be, in milliseconds. */
export const AHEAD_MS = 5 * 60_000;
/**
 * How long after a period has ended usage of it is still taken, in milliseconds: programs that were offline over a long
 * weekend send theirs late, and an invoice for the period can be made on the fourth day.
 */
export const LATE_MS = 72 * 3_600_000;

/** Whether a time lies in a period. */
export const covers = ({ start, end }: Period, time: Time): boolean => start <= time && (end === null || time < end);

/** Whether usage may be told now: none from the future, and none of a period that has been over for three days. */
export const isTimely = ({ end }: Period, time: Time, now: Time): boolean =>
  time >= BEGINNING &&
  (time <= now || Date.parse(time) <= Date.parse(now) + AHEAD_MS) &&
  (end === null || end > now || Date.parse(end) > Date.parse(now) - LATE_MS);
