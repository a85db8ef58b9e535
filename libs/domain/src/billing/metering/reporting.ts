import { type Time, toTime } from '../../shared/time.ts';

/** `failed`: it is tried again; `dead`: only an operator has it tried again. */
export const METERING_STATUSES = ['pending', 'synced', 'failed', 'dead'] as const;
export type MeteringStatus = (typeof METERING_STATUSES)[number];

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Waits after each failed report, in milliseconds: about six hours in all. A provider recognizes a repeated report for a day. */
const WAITS_MS = [
  ...[MINUTE_MS, 120_000, 240_000, 480_000, 960_000, 1_920_000],
  ...Array.from({ length: 5 }, () => HOUR_MS),
];

/** After so many failed reports a delta is dead. */
export const MOST_ATTEMPTS = WAITS_MS.length + 1;

/**
 * What follows a failed report.
 * @param attempts including this one
 * @param at when it failed
 */
export const afterFailure = (
  attempts: number,
  at: Time,
): { readonly status: 'failed' | 'dead'; readonly next_attempt_at: Time | null } => {
  const wait = WAITS_MS[attempts - 1];
  if (wait === undefined) return { status: 'dead', next_attempt_at: null };
  return { status: 'failed', next_attempt_at: toTime(Date.parse(at) + wait) };
};
