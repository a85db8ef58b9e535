import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { hasScope } from '../auth/principal.ts';
import { Problem } from '../http/problem.ts';
import { StrictObject, Timestamp } from '../http/schemas.ts';
import { validator } from '../http/validate.ts';
import type { ClockFollower } from './catch-up.ts';

/** Where a service lets the gateway move its test clock, below the name of the service. */
export const INTERNAL_TEST_CLOCK = '/internal/test-clock';

const Path = StrictObject({ service: Type.String() });
const Move = StrictObject({ to: Timestamp });
const validPath = validator(Path, 'path');
const validMove = validator(Move, 'body');

/** Routes for the gateway only; a process that is the gateway has none of them. */
export const registerInternalTestClock = (fastify: FastifyInstance, followers: readonly ClockFollower[]): void => {
  const followerOf = (params: unknown): ClockFollower => {
    validPath(params);
    const { service } = params as Static<typeof Path>;
    const follower = followers.find((one) => one.service === service);
    if (follower === undefined) throw new Problem(404, 'NOT_FOUND', 'There is no such service here.');
    return follower;
  };
  fastify.register((routed, _options, done) => {
    routed.addHook('preHandler', (request, _reply, next) => {
      if (request.principal === undefined || !hasScope(request.principal, 'admin'))
        next(new Problem(403, 'FORBIDDEN', 'Only the gateway moves the test clock of a service.'));
      else next();
    });
    routed.get(`${INTERNAL_TEST_CLOCK}/:service`, async ({ params }) => {
      const kept = await followerOf(params).kept();
      return { now: kept?.toISOString() ?? null };
    });
    routed.post(`${INTERNAL_TEST_CLOCK}/:service`, async ({ params, body }) => {
      validMove(body);
      return followerOf(params).catchUp(new Date((body as Static<typeof Move>).to));
    });
    done();
  });
};
