import type { FastifyInstance } from 'fastify';
import { type Span, startSpan } from '#events/trace';
import { drawRandom } from '#ids';
import type { Metrics } from '../telemetry/metrics.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's span; its `traceparent` goes into events and to other services. */
    span: Span;
  }
  interface FastifyContextConfig {
    /** The route's operation id, for metrics. */
    operation?: string;
  }
}

/** Gives every answer its `Request-Id` and `traceparent`, and counts it. Call it before any other install function. */
export const installObservation = (fastify: FastifyInstance, metrics: Metrics): void => {
  fastify.decorateRequest('span');
  fastify.addHook('onRequest', (request, reply, done) => {
    const parent = request.headers['traceparent'];
    request.span = startSpan(request.method, 'server', typeof parent === 'string' ? parent : undefined);
    reply.header('request-id', request.id).header('traceparent', request.span.traceparent);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const operation = request.routeOptions.config.operation ?? 'none';
    metrics.requests.observe({ operation, status: reply.statusCode }, reply.elapsedTime / 1000);
    request.span.end(reply.statusCode >= 500 ? `answered ${reply.statusCode}` : undefined);
    const level = reply.statusCode >= 500 ? 'warn' : 'debug';
    request.log[level](
      { request_id: request.id, operation, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    );
    done();
  });
};

/** The caller's `Request-Id` if it has 1 to 128 harmless characters, else `req_` and 96 random bits. */
export const requestId = (given: string | string[] | undefined): string => {
  if (typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given)) return given;
  return `req_${drawRandom(12).toString('hex')}`;
};
