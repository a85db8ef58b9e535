import { type Interval, periodBoundary, periodIndex } from '../../shared/calendar.ts';
import { type Time, toTime } from '../../shared/time.ts';
import type { Aggregation } from '../price/price.terms.ts';

/** The period that usage is billed in, [start, end). */
export interface MeteredPeriod {
  readonly start: Time;
  /** null = never. */
  readonly end: Time | null;
}

/** The usage that goes into one delta, and the minute in which a provider's meter gets it. */
export interface MeteredSlice {
  /** The start of the minute, or of the period, whose usage it is. */
  readonly collects: Time;
  readonly period: MeteredPeriod;
  /** The first whole minute that the delta may be reported in. */
  readonly from: Time;
  /** When its usage is complete, except for late usage. */
  readonly ready_at: Time;
}

/** What is known of a subscription's periods. */
interface Periods {
  readonly period: { readonly start: Time; readonly end: Time } | null;
  readonly billing_anchor: Time | null;
  readonly interval: Interval | null;
}

const MINUTE_MS = 60_000;
/** A final number is reported in the last hour of its period, so that a correction has a later minute in the same period. */
const LAST_HOUR_MS = 3_600_000;

/**
 * The period of a subscription that a time is in: the present one, or another one by the calendar.
 * @param otherwise for a subscription without periods by the calendar
 */
export const meteredPeriod = (of: Periods, at: Time, otherwise: MeteredPeriod): MeteredPeriod => {
  const { period, billing_anchor, interval } = of;
  if (period !== null && period.start <= at && at < period.end) return { start: period.start, end: period.end };
  if (billing_anchor === null || interval === null) return otherwise;
  const n = periodIndex(billing_anchor, interval, at);
  return {
    start: periodBoundary(billing_anchor, interval, n),
    end: periodBoundary(billing_anchor, interval, n + 1),
  };
};

/**
 * Whether usage is reported as one final number for its period. A meter adds what it gets, counts it, or keeps the last value:
 * a largest value or a number of different ones cannot be added up from parts.
 */
export const isFinalNumber = (aggregation: Aggregation): boolean => aggregation === 'max' || aggregation === 'unique';

/** The slice of usage at a time. undefined if it is a final number of a period that never ends. */
export const meteredSlice = (aggregation: Aggregation, at: Time, period: MeteredPeriod): MeteredSlice | undefined => {
  const first = minuteFrom(period.start);
  if (!isFinalNumber(aggregation)) {
    const minute = minuteOf(at);
    return { collects: minute, period, from: later(minute, first), ready_at: plus(minute, MINUTE_MS) };
  }
  if (period.end === null) return undefined;
  const lastHour = minuteOf(plus(period.end, -LAST_HOUR_MS));
  return { collects: period.start, period, from: later(lastHour, first), ready_at: period.end };
};

/** The minute that a time is in. */
const minuteOf = (time: Time): Time => `${time.slice(0, 16)}:00.000Z`;

/** The first minute that begins at a time or after it. */
const minuteFrom = (time: Time): Time => {
  const minute = minuteOf(time);
  return minute === time ? minute : plus(minute, MINUTE_MS);
};

const later = (one: Time, other: Time): Time => (one > other ? one : other);

const plus = (time: Time, milliseconds: number): Time => toTime(Date.parse(time) + milliseconds);
