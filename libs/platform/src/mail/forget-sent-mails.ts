import { Inject, Injectable } from '@nestjs/common';
import { Purge } from '../background/purge.ts';
import type { ServiceDatabase } from '../database/database.ts';
import { DATABASE } from '../service.ts';
import { SENT_KEPT_DAYS } from './outbox.table.ts';

/** Deletes the ids of mails that were sent long ago: their events are too old to be mailed again. */
@Injectable()
export class ForgetSentMails extends Purge {
  readonly name = 'forget-sent-mails';

  constructor(@Inject(DATABASE) database: ServiceDatabase) {
    super(database, {
      table: 'sent_mails',
      since: 'sent_at',
      kept_days: SENT_KEPT_DAYS,
      purge: 'delete from sent_mails',
      rows: 10_000,
    });
  }
}
