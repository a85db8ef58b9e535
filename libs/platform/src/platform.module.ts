import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLOCK_FOLLOWERS, type ClockFollower } from './clock/catch-up.ts';
import { CLOCK, type Clock } from './clock/clock.ts';
import { EventTypes } from './events/event-types.ts';
import type { Config } from './config/config.ts';
import { CONFIG, LOGGER, METRICS, type ServiceDefinition, SERVICES } from './service.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface PlatformOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** null without a test clock. */
  readonly followers: readonly ClockFollower[] | null;
  /** Every service of the product. */
  readonly services: readonly ServiceDefinition[];
}

/** Provides what exists once per process, shared by all services in it. */
@Global()
@Module({})
export class PlatformModule {
  static with({ config, logger, metrics, clock, followers, services }: PlatformOptions): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: LOGGER, useValue: logger },
      { provide: METRICS, useValue: metrics },
      { provide: CLOCK, useValue: clock },
      { provide: CLOCK_FOLLOWERS, useValue: followers },
      { provide: SERVICES, useValue: services },
      { provide: EventTypes, useValue: new EventTypes(services) },
    ];
    return { module: PlatformModule, providers, exports: providers };
  }
}
