import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery } from '../background/background-work.ts';
import type { ServiceDatabase } from '../database/database.ts';
import { DATABASE } from '../service.ts';
import { SENT_KEPT_DAYS } from './outbox.table.ts';

/** Deletes the ids of mails that were sent long ago: their events are too old to be mailed again. */
@Injectable()
export class ForgetSentMails extends BackgroundWork {
  readonly name = 'forget-sent-mails';
  override readonly follows = 'real';
  override readonly everyMs = 3_600_000;
  /** Rows of one statement. */
  readonly #atOnce = 10_000;

  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {
    super();
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'oldest_sent_mail',
      text: `select 'sent_mails' as id, min(sent_at) as due_at from sent_mails
        where sent_at < now() - make_interval(days => $1) and 'sent_mails' <> all($2) having count(*) > 0 limit $3`,
      values: [SENT_KEPT_DAYS, except, limit],
    });
    return rows;
  }

  async attend(): Promise<boolean> {
    const { rowCount } = await this.database.pool.query({
      name: 'forget_sent_mails',
      text: `delete from sent_mails where id in
        (select id from sent_mails where sent_at < now() - make_interval(days => $1) order by sent_at limit $2)`,
      values: [SENT_KEPT_DAYS, this.#atOnce],
    });
    return rowCount === this.#atOnce;
  }
}
