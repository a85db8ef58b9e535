/** Name of the work that applies events. */
export const APPLY_PROVIDER_EVENTS = 'apply-provider-events';

/** For so many days an event is tried by itself. */
export const TRIED_DAYS = 30;

/** Pauses after each try of an event that failed or waits, in seconds; the last one repeats. */
const PAUSES_SECONDS: readonly number[] = [1, 5, 15, 60, 300, 900, 3_600];

/** @param attempts including the one that has just ended */
export const pauseAfter = (attempts: number): number =>
  PAUSES_SECONDS[Math.min(attempts, PAUSES_SECONDS.length) - 1] ?? 0;
