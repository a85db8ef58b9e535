import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Config } from './config/config.ts';
import { CONFIG, LOGGER, METRICS } from './service.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** What is one a process, whichever services run in it. */
@Global()
@Module({})
export class PlatformModule {
  static with(config: Config, logger: Logger, metrics: Metrics): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: LOGGER, useValue: logger },
      { provide: METRICS, useValue: metrics },
    ];
    return { module: PlatformModule, providers, exports: providers };
  }
}
