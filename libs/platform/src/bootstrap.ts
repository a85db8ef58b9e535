import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { DiscoveryModule, ModulesContainer, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type EventContract, EventTransport, KafkaSource, LogSource, Relay } from '#events';
import { AUTHENTICATOR, type Authenticator, installAuthentication } from './auth/authenticator.ts';
import { internalAuthenticator } from './auth/internal-authenticator.ts';
import { InternalTokens } from './auth/internal-token.ts';
import type { Config } from './config/config.ts';
import { registerOperatorRoutes } from './health/routes.ts';
import { PlatformModule } from './platform.module.ts';
import { MASTER_KEY } from './service.ts';
import { ServiceModule } from './service.module.ts';
import { createLogger, type Logger, nestLogger } from './telemetry/logger.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { startTracing } from './telemetry/tracing.ts';

export interface AppOptions {
  /** Name of the process in logs and traces: `keyledger`, or the one service's. */
  readonly name: string;
  readonly config: Config;
  /** The services' modules, each built on `ServiceModule.forService`. */
  readonly modules: readonly Type[];
  /** The contracts of every service, for reading other services' logs where they share a database. */
  readonly contracts: readonly EventContract<never>[];
  readonly logger?: Logger;
}

export interface App {
  readonly nest: NestFastifyApplication;
  readonly logger: Logger;
  /** Where it listens, e.g. `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Stops taking requests, ends what is under way, stops background work, closes databases. */
  close(): Promise<void>;
}

/** Body limit of every route, in bytes. */
const BODY_LIMIT = 2 ** 20;

/** Routes are ours alone: Nest's own handlers for errors and unknown paths would stand in front of the problem documents. */
class Adapter extends FastifyAdapter {
  override setErrorHandler(): void {}
  override setNotFoundHandler(): void {}
}
