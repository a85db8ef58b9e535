import type { FastifyInstance, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';
import type { Config } from '../config/config.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { within } from './patience.ts';
import type { ReadinessDetail } from './readiness-detail.ts';

/** One condition for the process to serve; it rejects with the reason when it is not met. */
export interface ReadinessCheck {
  readonly name: string;
  readonly check: () => Promise<unknown>;
}

/** The maximum duration of a readiness check or detail, in milliseconds. */
const PATIENCE_MS = 2_000;

/**
 * The operators' routes at the root: `/healthz` (alive), `/readyz` (can serve), `/metrics` (Prometheus).
 * @param stopping aborts when the process begins to stop: from then on load balancers should send it no more calls
 * @param testClock shown by `/readyz`; undefined when business time is real time
 */
export const registerOperatorRoutes = (
  fastify: FastifyInstance,
  config: Pick<Config, 'metrics_token'>,
  metrics: Metrics,
  checks: readonly ReadinessCheck[],
  details: readonly ReadinessDetail[],
  onFailure: (name: string, error: unknown) => void,
  stopping: AbortSignal,
  testClock: Clock | undefined,
): void => {
  fastify.get('/healthz', () => ({ status: 'ok' }));

  fastify.get('/readyz', async (_request, reply) => {
    if (stopping.aborted) return reply.status(503).send({ status: 'stopping', checks: [] });
    const [results, told] = await Promise.all([
      Promise.all(checks.map((check) => run(check, onFailure))),
      Promise.all(details.map((detail) => tell(detail, onFailure))),
    ]);
    const failed = results.some(({ status }) => status !== 'ok');
    return reply.status(failed ? 503 : 200).send({
      status: failed ? 'unavailable' : 'ok',
      checks: results,
      ...(told.some((fields) => fields.length > 0) ? { details: Object.fromEntries(told.flat()) } : {}),
      ...(testClock === undefined ? {} : { test_clock: { now: testClock.now().toISOString() } }),
    });
  });

  fastify.get('/metrics', async (request, reply) => {
    if (!mayReadMetrics(request, config.metrics_token)) {
      return reply
        .status(403)
        .send('Metrics need a loopback connection, or KEYLEDGER_METRICS_TOKEN as a bearer token.\n');
    }
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
};

const run = async (
  { name, check }: ReadinessCheck,
  onFailure: (name: string, error: unknown) => void,
): Promise<{ name: string; status: 'ok' | 'failed' }> => {
  try {
    await within(PATIENCE_MS, check());
    return { name, status: 'ok' };
  } catch (error) {
    // The reason may contain addresses or credentials, and the route is public: the reason goes to the log only.
    onFailure(name, error);
    return { name, status: 'failed' };
  }
};

/** @returns the field of a detail with its value, null if that cannot be read now; empty if there is nothing to tell */
const tell = async (
  detail: ReadinessDetail,
  onFailure: (name: string, error: unknown) => void,
): Promise<(readonly [string, unknown])[]> => {
  try {
    const value = await within(PATIENCE_MS, detail.read());
    return value === undefined ? [] : [[detail.name, value]];
  } catch (error) {
    onFailure(detail.name, error);
    return [[detail.name, null]];
  }
};

/** Headers in which a proxy names the client that it speaks for. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/**
 * Loopback is decided by the connection, never by a header. A proxy on this machine also connects from loopback, so requests
 * that a proxy forwards do not count as local.
 */
const mayReadMetrics = ({ headers, socket }: FastifyRequest, token: string | undefined): boolean => {
  if (token === undefined) {
    const { remoteAddress: address = '' } = socket;
    const direct = FORWARDED.every((name) => headers[name] === undefined);
    return direct && ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
  }
  const given = Buffer.from(headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
};
