import type { FastifyInstance, FastifyRequest, HTTPMethods } from 'fastify';
import type { EndpointContract } from './endpoint.ts';
import { Problem } from './problem.ts';
import { sendProblem } from './problem-response.ts';
import { type Route, runner } from './run.ts';

const PREFIX = '/api/v1';

/** The address of a route as Fastify has it: `/api/v1/admin/products/:id`. */
export const addressOf = ({ path, root }: EndpointContract): string => (root ? path : `${PREFIX}${path}`);

/** Adds the routes; every other method of their addresses is 405. Call it after all that should come before a 405. */
export const registerEndpoints = (fastify: FastifyInstance, routes: readonly Route[], publicUrl: string): void => {
  const methods = new Map<string, HTTPMethods[]>();
  for (const route of routes) {
    const url = addressOf(route.contract);
    const { method, operation } = route.contract;
    fastify.route({ method, url, config: { operation }, handler: runner(route, publicUrl) });
    methods.set(url, [...(methods.get(url) ?? []), method, ...(method === 'GET' ? (['HEAD'] as const) : [])]);
  }
  refuseOtherMethods(fastify, methods);
};

/** The method is wrong whatever the body: it is not read. */
const refuseOtherMethods = (fastify: FastifyInstance, methods: ReadonlyMap<string, HTTPMethods[]>): void => {
  const addresses = [...methods].map(([url, allowed]) => ({ pattern: patternOf(url), allow: allowed.join(', ') }));
  fastify.addHook('onRequest', (request: FastifyRequest, _reply, done) => {
    if (!request.is404) {
      done();
      return;
    }
    const [path = ''] = request.url.split('?');
    const allow = addresses.find(({ pattern }) => pattern.test(path))?.allow;
    done(
      allow === undefined
        ? undefined
        : new Problem(405, 'METHOD_NOT_ALLOWED', `Allowed here: ${allow}.`, {}, { allow }),
    );
  });
};

const patternOf = (url: string): RegExp =>
  new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);

/** Answers errors and unknown addresses with problem documents. */
export const installProblems = (fastify: FastifyInstance, publicUrl: string): void => {
  fastify.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, publicUrl));
  fastify.setNotFoundHandler((request, reply) =>
    sendProblem(new Problem(404, 'NOT_FOUND', 'There is nothing at this address.'), request, reply, publicUrl),
  );
};
