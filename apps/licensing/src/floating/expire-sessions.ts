import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery, type Turn } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Sessions } from './sessions.ts';

/** Records that sessions have expired. Only the events wait for this job: a session no longer counts from its expiry time on. */
@Injectable()
export class ExpireSessions extends BackgroundWork {
  readonly name = 'expire-sessions';

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly sessions: Sessions,
  ) {
    super();
  }

  /** Licenses that have expired sessions. */
  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'due_sessions',
      text: `select license_id as id, min(expires_at) as due_at from (
          select license_id, expires_at from floating_sessions
          where ended_at is null and expires_at <= $1 and license_id <> all($2) order by expires_at limit $3
        ) due group by license_id order by due_at`,
      values: [now, except, limit],
    });
    return rows;
  }

  async attend(license_id: string, { now }: Turn): Promise<void> {
    await this.sessions.expire(license_id, now.toISOString());
  }
}
