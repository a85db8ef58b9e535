import type { FastifyInstance, HTTPMethods } from 'fastify';
import type { EndpointContract } from './endpoint.ts';
import { Problem } from './problem.ts';
import { sendProblem } from './problem-response.ts';
import { type Route, runner } from './run.ts';

const PREFIX = '/api/v1';
const METHODS: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/** The address of a route as Fastify has it: `/api/v1/admin/products/:id`. */
export const addressOf = ({ path, root }: EndpointContract): string => (root ? path : `${PREFIX}${path}`);

/** Adds the routes, and a 405 for every other method of their addresses. */
export const registerEndpoints = (fastify: FastifyInstance, routes: readonly Route[], publicUrl: string): void => {
  const declared = new Map<string, HTTPMethods[]>();
  for (const route of routes) {
    const url = addressOf(route.contract);
    fastify.route({
      method: route.contract.method,
      url,
      config: { operation: route.contract.operation },
      handler: runner(route, publicUrl),
    });
    declared.set(url, [...(declared.get(url) ?? []), route.contract.method]);
  }
  for (const [url, methods] of declared) {
    const others = METHODS.filter((method) => !methods.includes(method));
    const allow = methods.join(', ');
    fastify.route({
      method: others,
      url,
      // The method is wrong whatever the body: it is not read.
      onRequest: () => {
        throw new Problem(405, 'METHOD_NOT_ALLOWED', `Allowed here: ${allow}.`, {}, { allow });
      },
      handler: () => undefined,
    });
  }
};

/** Answers errors and unknown addresses with problem documents. */
export const installProblems = (fastify: FastifyInstance, publicUrl: string): void => {
  fastify.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, publicUrl));
  fastify.setNotFoundHandler((request, reply) =>
    sendProblem(new Problem(404, 'NOT_FOUND', 'There is nothing at this address.'), request, reply, publicUrl),
  );
};
