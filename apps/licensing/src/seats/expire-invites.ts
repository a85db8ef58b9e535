import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { type DueQuery, WhenDue } from '../scheduling/when-due.ts';
import { Seats } from './seats.ts';

/** Writes down that invitations have expired. Only their events wait for it: time itself ends them on the dot. */
@Injectable()
export class ExpireInvites extends WhenDue {
  constructor(
    @Inject(DATABASE) database: ServiceDatabase,
    @Inject(LOGGER) logger: Logger,
    @Inject(CLOCK) clock: Clock,
    private readonly seats: Seats,
  ) {
    super('expire-invites', database, logger, clock);
  }

  /** Licences that have invitations whose time has come. */
  protected due(query: DueQuery): Promise<readonly string[]> {
    return this.ids(
      query,
      'due_invites',
      `select distinct license_id as id from (
          select license_id from seats
          where status = 'invited' and expires_at <= $1 and license_id <> all($2) order by expires_at limit $3
        ) due`,
    );
  }

  protected async attend(license_id: string, now: Date): Promise<void> {
    await this.seats.expire(license_id, now.toISOString());
  }
}
