import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, LOGGER, type Logger, type ServiceDatabase } from '#platform';
import { type DueQuery, WhenDue } from '../scheduling/when-due.ts';
import { Seats } from './seats.ts';

/** Writes down that invitations have expired. Only their events wait for it: time itself ends them on the dot. */
@Injectable()
export class ExpireInvites extends WhenDue {
  constructor(
    @Inject(DATABASE) database: ServiceDatabase,
    @Inject(LOGGER) logger: Logger,
    private readonly seats: Seats,
  ) {
    super('expire-invites', database, logger);
  }

  /** Licences that have invitations whose time has come. */
  protected async due({ limit, now, except }: DueQuery): Promise<readonly string[]> {
    const { rows } = await this.database.pool.query<{ license_id: string }>({
      name: 'due_invites',
      text: `select distinct license_id from (
          select license_id from seats
          where status = 'invited' and expires_at <= $1 and license_id <> all($2) order by expires_at limit $3
        ) due`,
      values: [now, except, limit],
    });
    return rows.map(({ license_id }) => license_id);
  }

  protected async attend(license_id: string): Promise<void> {
    await this.seats.expire(license_id);
  }
}
