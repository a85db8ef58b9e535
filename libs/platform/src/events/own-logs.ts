import type { FastifyInstance } from 'fastify';
import type { ModulesContainer } from '@nestjs/core';
import Type, { type Static } from 'typebox';
import { OwnPublishedLog, type PublishedLog } from '#events/source/published-log';
import { hasScope } from '../auth/principal.ts';
import { Problem } from '../http/problem.ts';
import { StrictObject } from '../http/schemas.ts';
import { validator } from '../http/validate.ts';
import { loadedServices } from '../services-of.ts';

/** Path of the logs that the gateway reads; the name of the service follows. */
export const INTERNAL_EVENTS = '/internal/events';

/** The maximum time that an answer may wait for an event, in milliseconds. */
export const LONGEST_WAIT_MS = 20_000;

/** The logs of the services of this process that publish events. */
export const ownLogs = (modules: ModulesContainer, onError: (error: unknown, what: string) => void): PublishedLog[] =>
  loadedServices(modules)
    .filter(({ definition }) => definition.publishes.length > 0)
    .map(
      ({ definition: { name, publishes }, database }) =>
        new OwnPublishedLog(name, database.pool, publishes, (error) =>
          onError(error, `the log of ${name} could not be listened to`),
        ),
    );

const Names = StrictObject({ service: Type.String() });
const Reading = StrictObject({
  after: Type.Integer({ minimum: 0 }),
  limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
  types: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String()),
  wait: Type.Optional(Type.Integer({ minimum: 0, maximum: LONGEST_WAIT_MS })),
});
const validNames = validator(Names, 'path');
const validReading = validator(Reading, 'query');

/** For the gateway only: a service's published events, by position. Never registered in the public gateway process. */
export const registerInternalEvents = (fastify: FastifyInstance, logs: readonly PublishedLog[]): void => {
  const waiting = new Set<AbortController>();
  fastify.addHook('preClose', (done) => {
    for (const one of waiting) one.abort();
    done();
  });
  fastify.get(`${INTERNAL_EVENTS}/:service`, async (request, reply) => {
    if (request.principal === undefined || !hasScope(request.principal, 'admin'))
      throw new Problem(403, 'FORBIDDEN', 'The gateway alone reads this.');
    validNames(request.params);
    validReading(request.query);
    const { service } = request.params as Static<typeof Names>;
    const { after, limit, types, subject, wait } = request.query as Static<typeof Reading>;
    const log = logs.find((one) => one.service === service);
    if (log === undefined) throw new Problem(404, 'NOT_FOUND', 'There is no such service here.');
    if (wait !== undefined) {
      // Stops waiting when the caller has disconnected or the service stops.
      const over = new AbortController();
      waiting.add(over);
      reply.raw.once('close', () => over.abort());
      return log.grown(after, limit, wait, over.signal).finally(() => waiting.delete(over));
    }
    const page = await log.read(after, limit, {
      ...(types === undefined ? {} : { types: types.split(',') }),
      ...(subject === undefined ? {} : { subject }),
    });
    return reply.send(page);
  });
};
