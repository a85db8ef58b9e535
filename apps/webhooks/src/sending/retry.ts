import type { DeliverySettings } from './settings.ts';

/** The longest pause that `Retry-After` can ask for. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * The pause before the next attempt: that of the retry schedule, or what the endpoint asked for if that is longer.
 * @param attempts made since the delivery was queued
 * @param retryAfter `Retry-After` of the answer, in milliseconds
 * @returns milliseconds, or undefined after the last attempt
 */
export const pauseAfter = (
  attempts: number,
  retryAfter: number | undefined,
  { ladder, jitter }: Pick<DeliverySettings, 'ladder' | 'jitter'>,
  random: () => number = Math.random,
): number | undefined => {
  const step = ladder[attempts - 1];
  if (step === undefined) return undefined;
  const jittered = step * (1 + jitter * (2 * random() - 1));
  return Math.round(Math.max(jittered, Math.min(retryAfter ?? 0, LONGEST_MS)));
};

/** `Retry-After` (RFC 9110 §10.2.3), seconds or a date, as milliseconds from now; undefined when the header is absent or neither. */
export const parseRetryAfter = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\s*\d{1,10}\s*$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
};
