import type { FastifyInstance, FastifyRequest, HTTPMethods, RouteOptions } from 'fastify';
import type { EndpointContract } from './endpoint.ts';
import { Problem } from './problem.ts';
import { sendProblem } from './problem-response.ts';
import { type Route, runner } from './run.ts';

const PREFIX = '/api/v1';

/** The path of a route as Fastify writes it: `/api/v1/admin/products/:id`. */
export const addressOf = ({ path, root }: EndpointContract): string => (root ? path : `${PREFIX}${path}`);

/** Adds the routes; every other method of their paths is 405. Call it after hooks that must run before a 405. */
export const registerEndpoints = (fastify: FastifyInstance, routes: readonly Route[], publicUrl: string): void => {
  const methods = new Map<string, HTTPMethods[]>();
  for (const route of routes) {
    const url = addressOf(route.contract);
    const { method, raw_limit } = route.contract;
    if (raw_limit === undefined) fastify.route(optionsOf(route, publicUrl));
    methods.set(url, [...(methods.get(url) ?? []), method, ...(method === 'GET' ? (['HEAD'] as const) : [])]);
  }
  registerRaw(
    fastify,
    routes.filter(({ contract }) => contract.raw_limit !== undefined),
    publicUrl,
  );
  refuseOtherMethods(fastify, methods);
};

const optionsOf = (route: Route, publicUrl: string): RouteOptions => {
  const { method, operation } = route.contract;
  return { method, url: addressOf(route.contract), config: { operation }, handler: runner(route, publicUrl) };
};

/** Parsers of bodies belong to a scope of Fastify: in that of these routes the only parser takes every body as it is. */
const registerRaw = (fastify: FastifyInstance, routes: readonly Route[], publicUrl: string): void => {
  if (routes.length === 0) return;
  void fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, parsed) => {
      request.raw_body = body;
      parsed(null, undefined);
    });
    for (const route of routes) {
      const { raw_limit: bodyLimit = 0 } = route.contract;
      scope.route({ ...optionsOf(route, publicUrl), bodyLimit });
    }
    done();
  });
};

/** Refuses before the body is read: the method is wrong whatever the body holds. */
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

/** Answers errors and unknown paths with problem documents. */
export const installProblems = (fastify: FastifyInstance, publicUrl: string): void => {
  fastify.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, publicUrl));
  fastify.setNotFoundHandler((request, reply) =>
    sendProblem(new Problem(404, 'NOT_FOUND', 'There is nothing at this address.'), request, reply, publicUrl),
  );
};
