import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { type Leadership, pause, runAsLeader } from '#events/leader';
import type { Config } from '#platform/config/config';
import type { ServiceDatabase } from '#platform/database/database';
import { CONFIG, DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { dropGates, dropHistory, dropStatistics, giveUpOld, makeHistory } from './history.ts';

const HOUR_MS = 3_600_000;
/** Pause after somebody was in the way for longer than others may be made to wait, in milliseconds. */
const IN_THE_WAY_MS = 60_000;

/** Keeps the history of deliveries for as long as it is configured to be kept: partitions are made ahead of time, and dropped. */
@Injectable()
export class HistoryService implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  #leadership: Leadership | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Before anything is taken in. */
  async onModuleInit(): Promise<void> {
    await makeHistory(this.database.pool);
  }

  onApplicationBootstrap(): void {
    this.#leadership = runAsLeader(
      this.database.pool,
      'keyledger:webhooks:history',
      (signal) => this.#run(signal),
      (error) => this.logger.warn({ err: error }, 'the history of deliveries could not be looked after'),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#leadership?.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await pause((await this.#lookAfter()) ? HOUR_MS : IN_THE_WAY_MS, signal);
  }

  /** @returns whether all went well */
  async #lookAfter(): Promise<boolean> {
    const { pool } = this.database;
    const days = this.config.webhook_retention_days;
    try {
      await makeHistory(pool);
      const given_up = await giveUpOld(pool, days);
      await dropStatistics(pool);
      await dropGates(pool);
      const weeks = await dropHistory(pool, days);
      if (given_up + weeks > 0) this.logger.info({ given_up, weeks }, 'old deliveries were cleared away');
      return true;
    } catch (error) {
      this.logger.warn({ err: error }, 'old deliveries could not be cleared away yet');
      return false;
    }
  }
}
