import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';

/** For so many days the bodies of events are kept. */
const KEPT_DAYS = 90;

/** Deletes the bodies of old events: they have personal data. What became of the events stays. */
@Injectable()
export class PurgeProviderEvents extends BackgroundWork {
  readonly name = 'purge-provider-events';
  override readonly follows = 'real';
  override readonly everyMs = 3_600_000;
  /** Rows of one statement. */
  readonly #atOnce = 1_000;

  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {
    super();
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'oldest_provider_event_payload',
      text: `select 'provider_events' as id, min(received_at) + make_interval(days => $1) as due_at from provider_events
        where payload is not null and received_at < now() - make_interval(days => $1) and 'provider_events' <> all($2)
        having count(*) > 0 limit $3`,
      values: [KEPT_DAYS, except, limit],
    });
    return rows;
  }

  async attend(): Promise<boolean> {
    const { rowCount } = await this.database.pool.query({
      name: 'purge_provider_events',
      text: `update provider_events set payload = null where id in (
          select id from provider_events
          where payload is not null and received_at < now() - make_interval(days => $1) order by received_at limit $2
        )`,
      values: [KEPT_DAYS, this.#atOnce],
    });
    return rowCount === this.#atOnce;
  }
}
