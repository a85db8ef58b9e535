import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimits } from '../config/config.ts';
import { Problem } from '../http/problem.ts';

/** Limits calls that did identify themselves, per API key or per licence, in this process's memory. */
export interface SuccessLimiter {
  /**
   * Takes one call out of what `id` may make in the present second.
   * @returns headers that say how much is left: `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)
   * @throws Problem 429 `RATE_LIMITED` with those headers and Retry-After
   */
  take(id: string): Promise<Readonly<Record<string, string>>>;
}

/**
 * @param policy name of the limit as callers see it: `api-key`, `license`
 * @param perSecond calls in a second
 */
export const createSuccessLimiter = (policy: string, perSecond: number, limits: RateLimits): SuccessLimiter => {
  if (limits === 'off') return { take: () => Promise.resolve({}) };
  const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  const ratelimitPolicy = `"${policy}";q=${perSecond};w=1`;

  const headers = ({ remainingPoints, msBeforeNext }: RateLimiterRes): Record<string, string> => ({
    ratelimit: `"${policy}";r=${Math.max(0, remainingPoints)};t=${Math.ceil(msBeforeNext / 1000)}`,
    'ratelimit-policy': ratelimitPolicy,
  });

  return {
    take: async (id) => {
      try {
        return headers(await limiter.consume(id));
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        throw new Problem(
          429,
          'RATE_LIMITED',
          `More than ${perSecond} calls in a second.`,
          {},
          {
            ...headers(refused),
            'retry-after': String(Math.max(1, Math.ceil(refused.msBeforeNext / 1000))),
          },
        );
      }
    },
  };
};
