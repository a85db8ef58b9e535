import type { FastifyInstance } from 'fastify';
import { pathOf } from '../auth/authenticator.ts';

/** What pages of any origin may call: programs that run in a browser, with the licence key in the body, and the public keys. */
const OPEN = /^(\/api\/v1\/license\/|\/\.well-known\/)/;

/** Beyond those that a page may always read. Without `Date` a page cannot tell a clock that was turned back. */
const READABLE = 'date, retry-after, request-id, traceparent, ratelimit, ratelimit-policy, idempotent-replayed';

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'content-type, idempotency-key, request-id, traceparent',
  'access-control-max-age': '7200',
};

/**
 * Lets browsers through (CORS) to what shipped software calls, and to nothing else. Any origin, since licence keys and not
 * cookies say who asks; no credentials and no `Authorization`, since API keys do not belong into pages. Call it before
 * authentication is installed: a preflight carries none.
 */
export const installCors = (fastify: FastifyInstance): void => {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { method, headers } = request;
    // Answers of GET are kept by caches, which must not keep one without.
    if ((method !== 'GET' && headers.origin === undefined) || !OPEN.test(pathOf(request))) {
      done();
      return;
    }
    reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', READABLE);
    if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
      reply.headers(PREFLIGHT).status(204).send();
      return;
    }
    done();
  });
};
