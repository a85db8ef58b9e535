import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import type { Time } from '#domain/shared/time';
import { addDuration } from '#platform/clock/duration';

/** What a grant lasts when no duration is given. */
export const DEFAULT_DURATION = 'P12M';
const LONGEST_DURATION = 'P100Y';

/**
 * The function that adds the duration of a grant to a time, by the calendar in UTC.
 * @param duration ISO 8601
 * @throws Refusal INVALID_DURATION unless it is more than zero and at most 100 years from `now`, and, when it is called, if the
 *   end is after the year 9999
 */
export const grantedTime = (duration: string, now: Date): ((from: Time) => Time) => {
  const end = addDuration(now, duration);
  const last = addDuration(now, LONGEST_DURATION);
  if (end === undefined || last === undefined || end <= now || end > last)
    return refuseSubscription('INVALID_DURATION', { duration });
  return (from) =>
    (addDuration(new Date(from), duration) ?? refuseSubscription('INVALID_DURATION', { duration })).toISOString();
};
