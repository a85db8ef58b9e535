import { Inject, Injectable } from '@nestjs/common';
import { Purge } from '#platform/background/purge';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';

/** For so many days the bodies of events are kept. */
const KEPT_DAYS = 90;

/** Deletes the bodies of old events: they have personal data. Their rows stay, with what each event did. */
@Injectable()
export class PurgeProviderEvents extends Purge {
  readonly name = 'purge-provider-events';

  constructor(@Inject(DATABASE) database: ServiceDatabase) {
    super(database, {
      table: 'provider_events',
      since: 'received_at',
      only: 'payload is not null',
      kept_days: KEPT_DAYS,
      purge: 'update provider_events set payload = null',
      rows: 1_000,
    });
  }
}
