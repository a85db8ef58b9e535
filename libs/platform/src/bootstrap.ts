import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import { Module, type Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyBaseLogger, type FastifyInstance, LogController, type RawServerDefault } from 'fastify';
import { relayLag, startRelay } from '#events/kafka/relay';
import type { Leadership } from '#events/leader';
import { EventTransport } from '#events/nest/event-transport';
import type { EventSource, Subscription } from '#events/source';
import { AUTHENTICATOR, type Authenticator, installAuthentication } from './auth/authenticator.ts';
import { internalAuthenticator } from './auth/internal-authenticator.ts';
import { InternalTokens } from './auth/internal-token.ts';
import { runWork } from './background/run-work.ts';
import { WorkMetrics } from './background/work-metrics.ts';
import type { ClockFollower } from './clock/catch-up.ts';
import { type Clock, realClock } from './clock/clock.ts';
import { type FollowingService, type RunningTestClock, startTestClock } from './clock/start-test-clock.ts';
import { TestClock } from './clock/test-clock.ts';
import { registerInternalTestClock } from './clock/test-clock.routes.ts';
import type { Config } from './config/config.ts';
import { masterKeysOf } from './crypto/master-keys.ts';
import { openEventSource } from './event-source.ts';
import { ownLogs, registerInternalEvents } from './events/own-logs.ts';
import { registerOperatorRoutes } from './health/routes.ts';
import { installBodyParser } from './http/body.ts';
import { answerClientError } from './http/client-error.ts';
import { installCors } from './http/cors.ts';
import { installFarewell } from './http/farewell.ts';
import { installObservation, requestId } from './http/observe.ts';
import { openApi } from './http/openapi.ts';
import { installProblems, registerEndpoints } from './http/register.ts';
import type { Route } from './http/run.ts';
import { PlatformModule } from './platform.module.ts';
import { type LoadedService, loadedServices, routesOf } from './services-of.ts';
import type { ServiceDefinition } from './service.ts';
import { createLogger, type Logger, nestLogger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { observeSubscriptions } from './telemetry/subscription-metrics.ts';
import { startTracing } from './telemetry/tracing.ts';

export interface AppOptions {
  /** Name of the process in logs and traces: `keyledger`, or the name of its only service. */
  readonly name: string;
  readonly config: Config;
  /** The services that run in this process. */
  readonly services: readonly ServiceDefinition[];
  /** Every service of the product: subscriptions may read their events, and the gateway forwards requests to them. */
  readonly product: readonly ServiceDefinition[];
  /** Further global Nest modules. */
  readonly modules?: readonly Type[];
  readonly logger?: Logger;
  /** Business time (default: real time). */
  readonly clock?: Clock;
  /** Pauses between retries of an event that a subscription could not handle, in milliseconds. */
  readonly retryLadder?: readonly number[];
}

export interface App {
  readonly nest: NestFastifyApplication;
  /** The address that it listens on, e.g. `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Answers pending requests, stops background work, closes databases. */
  close(): Promise<void>;
}

/** Largest body, in bytes. */
const BODY_LIMIT = 2 ** 20;

/** Errors and unknown addresses are answered by `installProblems`, not by Nest. */
class Adapter extends FastifyAdapter {
  override setErrorHandler(): ReturnType<FastifyAdapter['setErrorHandler']> {
    return this.instance;
  }
  override setNotFoundHandler(): ReturnType<FastifyAdapter['setNotFoundHandler']> {
    return this.instance;
  }
}

/** Starts the services of one process behind one HTTP server. */
export const startApp = async (options: AppOptions): Promise<App> => {
  const { name, config, services: own, product, modules = [] } = options;
  const testClock = config.test_clock === 'on' ? new TestClock() : undefined;
  const clock = options.clock ?? testClock ?? realClock;
  const logger = options.logger ?? createLogger(config, name);
  const stopTracing = await startTracing(config, name);
  const metrics = createMetrics();
  const stopping = new AbortController();
  const followers: ClockFollower[] | null = testClock === undefined ? null : [];
  const adapter = new Adapter({
    bodyLimit: BODY_LIMIT,
    loggerInstance: logger,
    // A logger per request costs more than verifying a license; log lines of a request carry its id instead.
    childLoggerFactory: (parent: FastifyBaseLogger) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    skipMiddie: true,
    genReqId: ({ headers }: IncomingMessage) => requestId(headers['request-id']),
    trustProxy: config.trusted_proxies.length > 0 ? [...config.trusted_proxies] : false,
    return503OnClosing: true,
    clientErrorHandler: answerClientError(config.public_url),
    routerOptions: { maxParamLength: 300 },
  });

  @Module({
    imports: [
      PlatformModule.with({ config, logger, metrics, clock, followers, services: product }),
      ...modules,
      ...own.map(({ module }) => module),
    ],
  })
  class Root {}
  const nest = await NestFactory.create<NestFastifyApplication>(Root, adapter, {
    bodyParser: false,
    logger: nestLogger(logger),
    abortOnError: false,
  });

  const fastify = adapter.getInstance<FastifyInstance<RawServerDefault>>();
  const services = loadedServices(nest.get(ModulesContainer));
  installFarewell(fastify);
  installObservation(fastify, metrics);
  installProblems(fastify, config.public_url);
  installCors(fastify);
  const publicDoor = authenticatorOf(nest);
  installAuthentication(fastify, publicDoor ?? internalAuthenticatorOf(config));
  installBodyParser(fastify);
  const checks = services.map(({ definition, database }) => ({
    name: `${definition.name} database`,
    check: () => database.pool.query('select 1'),
  }));
  registerOperatorRoutes(
    fastify,
    config,
    metrics,
    checks,
    services.flatMap(({ details }) => details),
    (check, error) => logger.warn({ err: error, check }, 'not ready'),
    stopping.signal,
    testClock,
  );
  const routes = routesOf(services);
  registerEndpoints(fastify, routes, config.public_url);
  registerOwnOpenApi(fastify, routes, config);

  const onError = (error: unknown, what: string): void => logger.warn({ err: error }, what);
  if (publicDoor === undefined) {
    registerInternalEvents(fastify, ownLogs(nest.get(ModulesContainer), onError));
    if (followers !== null) registerInternalTestClock(fastify, followers);
  }
  const transport = transportOf(services, options, onError);
  nest.connectMicroservice({ strategy: transport }, { inheritAppConfig: false });
  observeSubscriptions({
    registry: metrics.registry,
    running: () => transport.subscriptions(),
    databases: services.map(({ database }) => database),
    relayed: relayedServices(services, config).map(({ database }) => database),
    onError,
  });
  const running =
    testClock && (await startTestClock(testClock, followingServices(services, transport, config), onError));
  if (running !== undefined) {
    followers?.push(...running.followers);
    logger.warn(
      { now: clock.now() },
      'KEYLEDGER_TEST_CLOCK=on: business time is a test clock that any system-wide admin key can move. Licenses end when it says so. Never run this in production.',
    );
  }
  await nest.init();
  await nest.startAllMicroservices();
  const relays = startRelays(services, config, onError);
  const work = startWork(services, clock, new WorkMetrics(metrics.registry, clock), logger, running);
  await nest.listen(config.port, config.host);
  return {
    nest,
    url: addressOf(fastify),
    close: async () => {
      stopping.abort();
      await Promise.all([...relays, ...work].map((running) => running.stop()));
      await running?.stop();
      await nest.close();
      await stopTracing();
    },
  };
};

const startWork = (
  services: readonly LoadedService[],
  clock: Clock,
  metrics: WorkMetrics,
  logger: Logger,
  testClock: RunningTestClock | undefined,
): Leadership[] =>
  services.flatMap(({ definition, database, work }) =>
    work.map((one) =>
      runWork(one, {
        pool: database.pool,
        service: definition.name,
        clock,
        metrics,
        logger,
        progress: testClock?.progressOf(definition.name),
      }),
    ),
  );

/** The services of this process, for the test clock, which waits for them. */
const followingServices = (
  services: readonly LoadedService[],
  transport: EventTransport,
  config: Config,
): FollowingService[] => {
  const relayed = relayedServices(services, config);
  return services.map((service) => {
    const { name } = service.definition;
    const { pool } = service.database;
    const relay = { name: 'kafka-relay', lag: () => relayLag(pool, name) };
    return {
      name,
      pool,
      work: service.work.filter(({ follows }) => follows === 'business').map((one) => one.name),
      lagging: () => [
        ...transport.subscriptions().filter((one) => one.service === name),
        ...(relayed.includes(service) ? [relay] : []),
      ],
    };
  });
};

/** The gateway's authenticator, if the gateway is part of the process. */
const authenticatorOf = (nest: NestFastifyApplication): Authenticator | undefined => {
  const modules = [...nest.get(ModulesContainer).values()];
  const own = modules.map(({ providers }) => providers.get(AUTHENTICATOR)).find((provider) => provider !== undefined);
  return own?.instance as Authenticator | undefined;
};

/** Behind the gateway only its token counts. */
const internalAuthenticatorOf = (config: Config): Authenticator =>
  internalAuthenticator(new InternalTokens(masterKeysOf(config)));

/** Each process shows its own routes; the gateway merges them into one document. */
const registerOwnOpenApi = (fastify: FastifyInstance, routes: readonly Route[], config: Config): void => {
  const contracts = routes.map(({ contract }) => contract);
  const document = openApi(contracts, { version: '0.1.0', server: config.public_url });
  fastify.get('/internal/openapi.json', () => document);
};

const transportOf = (
  services: readonly LoadedService[],
  { config, product, retryLadder }: AppOptions,
  onError: (error: unknown, what: string) => void,
): EventTransport => {
  const contracts = product.flatMap(({ publishes }) => publishes);
  const source = (
    subscriber: LoadedService,
    service: string,
    { name: subscription, types, unwanted }: Omit<Subscription, 'handle' | 'sources'>,
  ): EventSource => {
    const { definition, database } = subscriber;
    const from = {
      subscriber: definition.name,
      pool: database.pool,
      contracts,
      brokers: config.kafka_brokers,
      onError,
    };
    return openEventSource({ ...from, service, subscription, types, unwanted });
  };
  return new EventTransport({
    onError,
    publishers: product.filter(({ publishes }) => publishes.length > 0).map(({ name }) => name),
    ...(retryLadder === undefined ? {} : { ladder: retryLadder }),
    services: new Map(
      services.map((loaded) => [
        loaded.definition.name,
        {
          pool: loaded.database.pool,
          source: (service, subscription) => source(loaded, service, subscription),
        },
      ]),
    ),
  });
};

/** The services of this process whose events go to Kafka. */
const relayedServices = (services: readonly LoadedService[], { kafka_brokers }: Config): LoadedService[] =>
  kafka_brokers === undefined ? [] : services.filter(({ definition }) => definition.publishes.length > 0);

const startRelays = (
  services: readonly LoadedService[],
  config: Config,
  onError: (error: unknown, what: string) => void,
): Leadership[] =>
  relayedServices(services, config).map(({ definition: { name, publishes }, database: { pool } }) =>
    startRelay({
      pool,
      service: name,
      contracts: publishes,
      kafka: { brokers: config.kafka_brokers ?? [], clientId: `keyledger.${name}.relay` },
      onError,
    }),
  );

const addressOf = (fastify: FastifyInstance): string => {
  const address = fastify.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
};
