import type { FastifyInstance } from 'fastify';
import { pathOf } from '../auth/authenticator.ts';

/** Routes that pages of any origin may call: those of shipped software, with the license key in the body, and the public keys. */
const OPEN = /^(\/api\/v1\/license\/|\/\.well-known\/)/;

/** Headers that a page may read besides the safelisted ones. `Date` lets it detect a clock that was set back. */
const READABLE = 'date, retry-after, request-id, traceparent, ratelimit, ratelimit-policy, idempotent-replayed';

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'content-type, idempotency-key, request-id, traceparent',
  'access-control-max-age': '7200',
};

/**
 * Lets browsers call (CORS) the routes of shipped software, and no others. It allows any origin, since a license key and not a
 * cookie identifies the caller. It allows no credentials and no `Authorization`, since API keys do not belong in pages. Call
 * it before authentication is installed: a preflight carries no credential.
 */
export const installCors = (fastify: FastifyInstance): void => {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { method, headers } = request;
    // Caches store answers to GET, so these carry the headers even if the request has no Origin.
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
