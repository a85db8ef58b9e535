import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimits } from '../config/config.ts';
import { RateLimitExceeded, rateLimitHeaders } from './rate-limit.ts';

/** Limits calls of known API keys or licenses, in this process's memory. A limit has one instance in a process. */
export interface SuccessLimiter {
  /**
   * Counts one call against what `id` may make in the present second.
   * @returns headers that describe the limit and what is left of it; none if limits are off
   * @throws RateLimitExceeded 429 `RATE_LIMITED`
   */
  take(id: string): Promise<Readonly<Record<string, string>>>;
}

/**
 * @param name of the limit as callers see it: `api-key`, `license`
 * @param perSecond calls in a second
 */
export const createSuccessLimiter = (name: string, perSecond: number, limits: RateLimits): SuccessLimiter => {
  if (limits === 'off') return { take: () => Promise.resolve({}) };
  const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  const policy = { name, quota: perSecond, window: 1 };
  return {
    take: async (id) => {
      try {
        const { remainingPoints, msBeforeNext } = await limiter.consume(id);
        return rateLimitHeaders(policy, remainingPoints, Math.ceil(msBeforeNext / 1000));
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        const message = `More than ${perSecond} calls in a second.`;
        throw new RateLimitExceeded('RATE_LIMITED', message, policy, refused.msBeforeNext / 1000);
      }
    },
  };
};
