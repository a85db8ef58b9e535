import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '#events/store';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { announceExhausted } from './exhausted.ts';
import { disableFailing } from './failing.ts';

/** Two tasks that do not wait for each other: a failure of one leaves the other alone. */
const DISABLE = 'disable-failing';
const ANNOUNCE = 'announce-exhausted';

/** Disables webhooks that fail for long, and publishes events of deliveries that were given up. */
@Injectable()
export class OperationsService extends BackgroundWork {
  readonly name = 'operations';
  override readonly follows = 'real';
  override readonly everyMs = 500;
  override readonly parallel = false;
  override readonly isEndless = true;
  override readonly retryMs = 1_000;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly settings: WebhooksSettings,
  ) {
    super();
  }

  /** Both are due at every look. */
  async due({ except }: DueQuery): Promise<readonly Due[]> {
    return [DISABLE, ANNOUNCE].filter((id) => !except.includes(id)).map((id) => ({ id }));
  }

  async attend(id: string): Promise<boolean> {
    const { pool } = this.database;
    if (id === ANNOUNCE) return announceExhausted(pool, this.store, this.settings.retention_days);
    await disableFailing(pool, this.store);
    return false;
  }
}
