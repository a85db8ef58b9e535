import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type Leadership, pause, runAsLeader } from '#events/leader';
import type { EventStore } from '#events/store';
import type { Config } from '#platform/config/config';
import type { ServiceDatabase } from '#platform/database/database';
import { CONFIG, DATABASE, EVENT_STORE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { announceExhausted } from './exhausted.ts';
import { disableFailing } from './failing.ts';

/** How late it may be told what went wrong, in milliseconds. */
const EVERY_MS = 500;

/** Tells of deliveries that were given up, and switches off webhooks that are dead. One instance sees to it. */
@Injectable()
export class OperationsService implements OnApplicationBootstrap, OnModuleDestroy {
  #leadership: Leadership | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#leadership = runAsLeader(
      this.database.pool,
      'keyledger:webhooks:operations',
      (signal) => this.#run(signal),
      (error) => this.logger.warn({ err: error }, 'what became of webhooks could not be told yet'),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#leadership?.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { pool } = this.database;
    while (!signal.aborted) {
      await disableFailing(pool, this.store);
      const more = await announceExhausted(pool, this.store, this.config.webhook_retention_days);
      if (!more) await pause(EVERY_MS, signal);
    }
  }
}
