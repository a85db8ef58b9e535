import type { FastifyInstance, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** One thing that must work for the process to serve; it rejects with the reason when it does not. */
export interface ReadinessCheck {
  readonly name: string;
  readonly check: () => Promise<unknown>;
}

/** Longest a readiness check may take, in milliseconds. */
const PATIENCE_MS = 2_000;

/** The operators' routes at the root: `/healthz` (alive), `/readyz` (can serve), `/metrics` (Prometheus). */
export const registerOperatorRoutes = (
  fastify: FastifyInstance,
  config: Pick<Config, 'metrics_token'>,
  metrics: Metrics,
  checks: readonly ReadinessCheck[],
  onFailure: (name: string, error: unknown) => void,
): void => {
  fastify.get('/healthz', () => ({ status: 'ok' }));

  fastify.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(checks.map((check) => run(check, onFailure)));
    const failed = results.some(({ status }) => status !== 'ok');
    return reply.status(failed ? 503 : 200).send({ status: failed ? 'unavailable' : 'ok', checks: results });
  });

  fastify.get('/metrics', async (request, reply) => {
    if (!mayReadMetrics(request, config.metrics_token)) {
      return reply
        .status(403)
        .send('Metrics are for loopback, or for whoever sends KEYLEDGER_METRICS_TOKEN as a bearer token.\n');
    }
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
};

const run = async (
  { name, check }: ReadinessCheck,
  onFailure: (name: string, error: unknown) => void,
): Promise<{ name: string; status: 'ok' | 'failed' }> => {
  const timeout = AbortSignal.timeout(PATIENCE_MS);
  const late = new Promise<never>((_resolve, reject) => {
    timeout.addEventListener('abort', () => reject(new Error('took too long')), { once: true });
  });
  try {
    await Promise.race([check(), late]);
    return { name, status: 'ok' };
  } catch (error) {
    // The reason may hold addresses or credentials, and anyone may ask: it goes to the log alone.
    onFailure(name, error);
    return { name, status: 'failed' };
  }
};

const mayReadMetrics = (request: FastifyRequest, token: string | undefined): boolean => {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (token !== undefined && given.length === wanted.length && timingSafeEqual(given, wanted)) return true;
  return token === undefined && ipaddr.process(request.ip).range() === 'loopback';
};
