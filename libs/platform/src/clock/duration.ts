import { Temporal } from 'temporal-polyfill';

/**
 * A time that lies an ISO 8601 duration ahead (`P1M`, `P1Y2M10DT2H30M`), by the calendar in UTC: a month from January 31 is the last
 * day of February.
 * @returns undefined if it is no duration, goes back, or leads beyond the year 9999
 */
export const addDuration = (time: Date, duration: string): Date | undefined => {
  try {
    const length = Temporal.Duration.from(duration);
    if (length.sign < 0) return undefined;
    const start = Temporal.Instant.fromEpochMilliseconds(time.getTime()).toZonedDateTimeISO('UTC');
    const { epochMilliseconds, year } = start.add(length);
    return year > 9_999 ? undefined : new Date(epochMilliseconds);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};
