import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { dropGates, dropHistory, dropStatistics, giveUpOld, makeHistory } from './history.ts';

const RETENTION = { id: 'retention' };

/** Keeps the history of deliveries for the configured number of days: makes partitions ahead of time, and drops old ones. */
@Injectable()
export class HistoryService extends BackgroundWork implements OnModuleInit {
  readonly name = 'history';
  override readonly follows = 'real';
  override readonly everyMs = 3_600_000;
  /** A lock that others must not wait for is not waited for either: the next try follows soon. */
  override readonly retryMs = 60_000;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly settings: WebhooksSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  /** The first partitions must exist before an event is taken in. */
  async onModuleInit(): Promise<void> {
    await makeHistory(this.database.pool);
  }

  /** Retention is due at every look. */
  async due({ except }: DueQuery): Promise<readonly Due[]> {
    return except.includes(RETENTION.id) ? [] : [RETENTION];
  }

  async attend(): Promise<void> {
    const { pool } = this.database;
    const days = this.settings.retention_days;
    await makeHistory(pool);
    const given_up = await giveUpOld(pool, days);
    await dropStatistics(pool);
    await dropGates(pool);
    const weeks = await dropHistory(pool, days);
    if (given_up + weeks > 0) this.logger.info({ given_up, weeks }, 'old deliveries were cleared away');
  }
}
