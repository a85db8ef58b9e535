import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery, type Turn } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Seats } from './seats.ts';

/**
 * Records that invitations have expired. Only the events wait for this job: an invitation no longer counts from its expiry time
 * on.
 */
@Injectable()
export class ExpireInvites extends BackgroundWork {
  readonly name = 'expire-invites';

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly seats: Seats,
  ) {
    super();
  }

  /** Licenses that have expired invitations. */
  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'due_invites',
      text: `select license_id as id, min(expires_at) as due_at from (
          select license_id, expires_at from seats
          where status = 'invited' and expires_at <= $1 and license_id <> all($2) order by expires_at limit $3
        ) due group by license_id order by due_at`,
      values: [now, except, limit],
    });
    return rows;
  }

  async attend(license_id: string, { now }: Turn): Promise<void> {
    await this.seats.expire(license_id, now.toISOString());
  }
}
