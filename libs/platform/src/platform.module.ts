import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLOCK, type Clock } from './clock/clock.ts';
import type { Config } from './config/config.ts';
import { CONFIG, LOGGER, METRICS } from './service.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** Provides what exists once per process, shared by all services in it. */
@Global()
@Module({})
export class PlatformModule {
  static with(config: Config, logger: Logger, metrics: Metrics, clock: Clock): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: LOGGER, useValue: logger },
      { provide: METRICS, useValue: metrics },
      { provide: CLOCK, useValue: clock },
    ];
    return { module: PlatformModule, providers, exports: providers };
  }
}
