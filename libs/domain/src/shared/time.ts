/** Times are RFC 3339 in UTC with milliseconds, so their order as text is their order in time. */
export type Time = string;

export const DAY_MS = 86_400_000;

/** RFC 3339 has years of four digits. A later time would sort before all others. */
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** @returns at most the last moment of the year 9999 */
export const toTime = (milliseconds: number): Time => new Date(Math.min(milliseconds, LATEST_MS)).toISOString();

/** Days are 24 hours: UTC has no other kind. For weeks, months and years see calendar.ts. */
export const addDays = (time: Time, days: number): Time => toTime(Date.parse(time) + days * DAY_MS);

/** Whole seconds from `start` to `end`; a begun second does not count. Negative if `end` is before `start`. */
export const secondsBetween = (start: Time, end: Time): number =>
  Math.floor((Date.parse(end) - Date.parse(start)) / 1000);
