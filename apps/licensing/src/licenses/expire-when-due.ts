import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { type DueQuery, WhenDue } from '../scheduling/when-due.ts';
import { Licenses } from './licenses.ts';

/** Ends terms and graces at their time. */
@Injectable()
export class ExpireWhenDue extends WhenDue {
  constructor(
    @Inject(DATABASE) database: ServiceDatabase,
    @Inject(LOGGER) logger: Logger,
    @Inject(CLOCK) clock: Clock,
    private readonly licenses: Licenses,
  ) {
    super('expire-when-due', database, logger, clock);
  }

  protected due(query: DueQuery): Promise<readonly string[]> {
    return this.ids(
      query,
      'due_licenses',
      'select id from licenses where due_at <= $1 and id <> all($2) order by due_at limit $3',
    );
  }

  protected async attend(id: string, now: Date): Promise<void> {
    await this.licenses.handle(id, (plan) => ({ type: 'LetTimePass', plan, now: now.toISOString() }), {
      metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: id },
    });
  }
}
