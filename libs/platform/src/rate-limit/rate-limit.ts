import type { FastifyReply } from 'fastify';
import { Problem } from '../http/problem.ts';

/** A limit as callers see it: a number of calls (or failures) in a window of seconds. */
export interface Policy {
  readonly name: string;
  readonly quota: number;
  readonly window: number;
}

/**
 * Headers that describe a limit and what is left of it (draft-ietf-httpapi-ratelimit-headers-10).
 * @param remaining calls that are left
 * @param seconds until the quota is whole again
 */
export const rateLimitHeaders = (
  { name, quota, window }: Policy,
  remaining: number,
  seconds: number,
): Readonly<Record<string, string>> => ({
  ratelimit: `"${name}";r=${remaining};t=${seconds}`,
  'ratelimit-policy': `"${name}";q=${quota};w=${window}`,
});

/**
 * 429 of a rate limit, with `Retry-After` and the RateLimit headers. The same call succeeds later, so it is never replayed for
 * an Idempotency-Key.
 */
export class RateLimitExceeded extends Problem {
  /** @param seconds until the next call may succeed */
  constructor(code: string, message: string, policy: Policy, seconds: number) {
    const wait = Math.max(1, Math.ceil(seconds));
    super(429, code, message, {}, { ...rateLimitHeaders(policy, 0, wait), 'retry-after': String(wait) });
  }
}

/** Adds headers to an answer. Several limits may describe themselves in the RateLimit headers, so these become lists. */
export const addHeaders = (reply: FastifyReply, headers: Readonly<Record<string, string | string[]>>): FastifyReply => {
  for (const [name, value] of Object.entries(headers)) {
    const others = name.startsWith('ratelimit') ? reply.getHeader(name) : undefined;
    reply.header(name, others === undefined ? value : `${String(others)}, ${String(value)}`);
  }
  return reply;
};
