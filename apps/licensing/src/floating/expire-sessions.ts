import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { type DueQuery, WhenDue } from '../scheduling/when-due.ts';
import { Sessions } from './sessions.ts';

/** Writes down that sessions have expired. Only their events wait for it: their places are free on the dot. */
@Injectable()
export class ExpireSessions extends WhenDue {
  constructor(
    @Inject(DATABASE) database: ServiceDatabase,
    @Inject(LOGGER) logger: Logger,
    @Inject(CLOCK) clock: Clock,
    private readonly sessions: Sessions,
  ) {
    super('expire-sessions', database, logger, clock);
  }

  /** Licences that have sessions whose time is over. */
  protected due(query: DueQuery): Promise<readonly string[]> {
    return this.ids(
      query,
      'due_sessions',
      `select distinct license_id as id from (
          select license_id from floating_sessions
          where ended_at is null and expires_at <= $1 and license_id <> all($2) order by expires_at limit $3
        ) due`,
    );
  }

  protected async attend(license_id: string, now: Date): Promise<void> {
    await this.sessions.expire(license_id, now.toISOString());
  }
}
