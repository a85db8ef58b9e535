import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLOCK_FOLLOWERS, type ClockFollower } from './clock/catch-up.ts';
import { CLOCK, type Clock } from './clock/clock.ts';
import type { Config } from './config/config.ts';
import { CONFIG, LOGGER, METRICS } from './service.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** Provides what exists once per process, shared by all services in it. */
@Global()
@Module({})
export class PlatformModule {
  /** @param followers null without a test clock */
  static with(
    config: Config,
    logger: Logger,
    metrics: Metrics,
    clock: Clock,
    followers: readonly ClockFollower[] | null,
  ): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: LOGGER, useValue: logger },
      { provide: METRICS, useValue: metrics },
      { provide: CLOCK, useValue: clock },
      { provide: CLOCK_FOLLOWERS, useValue: followers },
    ];
    return { module: PlatformModule, providers, exports: providers };
  }
}
