/**
 * A time of RFC 3339 §5.6 as Keyledger keeps and answers it: in UTC with milliseconds, `2026-11-21T09:30:00.000Z`. The order of
 * such texts is the order of the times.
 *
 * - Any offset is taken; `-00:00` (offset unknown) counts as UTC. `t` and `z` may be lower case; a blank in place of the T is
 *   not taken.
 * - Digits beyond milliseconds are cut off, not rounded: a time never moves into the next second.
 * - A leap second (`:60`) must be the last second of a month in UTC, and is read as the second after it.
 * - 24:00 is not a time of RFC 3339. Years are 0001 to 9999, in UTC too: PostgreSQL knows no year 0.
 * @returns undefined for any other text
 */
export const utcTime = (text: string): string | undefined => {
  if (KEPT.test(text) && isDay(text)) return text;
  const [, date = '', hour = '', minute = '', second = '', fraction = '', , sign = '+', hours = '0', minutes = '0'] =
    RFC3339.exec(text) ?? [];
  if (!isDay(date)) return undefined;
  const leap = second === '60';
  const local = Date.parse(`${date}T${hour}:${minute}:${leap ? '59' : second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  const at = new Date(local + (sign === '-' ? offset : -offset) + (leap ? 1_000 : 0));
  if (leap && !isFirstSecondOfMonth(at)) return undefined;
  const utc = at.toISOString();
  return KEPT.test(utc) && !utc.startsWith('0000') ? utc : undefined;
};

const HOUR = '(?:[01]\\d|2[0-3])';
const MINUTE = '[0-5]\\d';
const DATE = '\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';

const KEPT = new RegExp(`^(?!0000)${DATE}T${HOUR}:${MINUTE}:${MINUTE}\\.\\d{3}Z$`);

const RFC3339 = new RegExp(
  `^(${DATE})[Tt](${HOUR}):(${MINUTE}):(${MINUTE}|60)(?:\\.(\\d+))?([Zz]|([+-])(${HOUR}):(${MINUTE}))$`,
);

/** Whether the month of a date has its day. Every month has 28 days, so most dates need no calendar. */
const isDay = (date: string): boolean => {
  const day = Number(date.slice(8, 10));
  return day > 0 && (day <= 28 || new Date(date.slice(0, 10)).getUTCDate() === day);
};

const isFirstSecondOfMonth = (time: Date): boolean =>
  time.getUTCDate() === 1 && time.getUTCHours() === 0 && time.getUTCMinutes() === 0 && time.getUTCSeconds() === 0;
