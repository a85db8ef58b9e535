import type { Interval, Period } from '../objects.ts';

const DAY = 86_400;

/**
 * Adds calendar intervals in UTC. A month without that day ends on its last one, and the next month has the day again, since
 * callers count from the anchor.
 */
export const addInterval = (anchor: number, interval: Interval, count: number): number => {
  if (interval === 'day') return anchor + count * DAY;
  if (interval === 'week') return anchor + count * 7 * DAY;
  const from = new Date(anchor * 1000);
  const months = from.getUTCFullYear() * 12 + from.getUTCMonth() + count * (interval === 'year' ? 12 : 1);
  const year = Math.floor(months / 12);
  const month = months - year * 12;
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), last);
  const time = Date.UTC(year, month, day, from.getUTCHours(), from.getUTCMinutes(), from.getUTCSeconds());
  return time / 1000;
};

/** The period that contains a time, counted from an anchor that may lie before or after it. */
export const periodAt = (anchor: number, interval: Interval, count: number, time: number): Period => {
  const approximate = { day: DAY, week: 7 * DAY, month: 30.44 * DAY, year: 365.25 * DAY }[interval] * count;
  let index = Math.floor((time - anchor) / approximate) - 1;
  while (addInterval(anchor, interval, (index + 1) * count) <= time) index += 1;
  return {
    start: addInterval(anchor, interval, index * count),
    end: addInterval(anchor, interval, (index + 1) * count),
  };
};
