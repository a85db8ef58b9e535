/** Times are RFC 3339 in UTC with milliseconds, so their order as text is their order in time. */
export type Time = string;

const DAY_MS = 86_400_000;

export const BILLING_INTERVALS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type BillingInterval = (typeof BILLING_INTERVALS)[number];

export const toTime = (milliseconds: number): Time => new Date(milliseconds).toISOString();

/** Any RFC 3339 time in the one form we keep. */
export const normalizeTime = (time: string): Time => (KEPT_FORM.test(time) ? time : toTime(Date.parse(time)));

const KEPT_FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Days are 24 hours: in UTC there is no other kind. */
export const addDays = (time: Time, days: number): Time => toTime(Date.parse(time) + days * DAY_MS);

/**
 * A calendar interval later. Months keep the day of the month, or take the last day of a shorter month: a month from 31
 * January is 28 (or 29) February, and the time of day stays.
 */
export const addInterval = (time: Time, interval: BillingInterval): Time => {
  switch (interval) {
    case 'day':
      return addDays(time, 1);
    case 'week':
      return addDays(time, 7);
    case 'month':
      return addMonths(time, 1);
    case 'quarter':
      return addMonths(time, 3);
    case 'year':
      return addMonths(time, 12);
  }
};

const addMonths = (time: Time, months: number): Time => {
  const from = new Date(time);
  const to = new Date(from);
  to.setUTCDate(1);
  to.setUTCMonth(from.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate();
  to.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return to.toISOString();
};
