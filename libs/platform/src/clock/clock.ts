/**
 * Business time: terms, trials, grace, renewals, quotas, leases and all else that docs/decisions/clock.md lists. It is injected,
 * so that tests and the operator's test clock can move it. A reading is a `Date`: `toISOString()` is the `now` of a command.
 */
export interface Clock {
  now(): Date;
}

/** Injection token of the process's {@link Clock}. */
export const CLOCK = Symbol('Clock');

/**
 * Real time, in milliseconds since 1970, for what no clock may move: signatures, sessions, rate limits, time-outs, deliveries of
 * webhooks and the housekeeping of tables. To measure how long something takes, use `performance.now()`.
 */
export const realTime = (): number => Date.now();

/** Business time that is real time. */
export const realClock: Clock = { now: () => new Date() };
