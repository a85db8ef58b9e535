import { Inject, Injectable } from '@nestjs/common';
import { NOT_COLLECTED, PROCESSING_DAYS } from '#domain/billing/invoice/collection';
import { BackgroundWork, type Due, type DueQuery, type Turn } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Invoices } from './invoices.ts';

/** Tells once of each invoice that it was not paid when it was due, or by the last attempt to collect it. */
@Injectable()
export class MarkOverdue extends BackgroundWork {
  readonly name = 'mark-overdue';

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly invoices: Invoices,
  ) {
    super();
  }

  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'overdue_invoices',
      text: `select id, due_at from invoices
        where status = 'open' and not overdue and due_at < $1 and id <> all($2)
          and biller = 'keyledger' and case when next_attempt_at is null then attempt > 0 or provider = any($4)
            else due_at < $1::timestamptz - make_interval(days => $5) end
        order by due_at limit $3`,
      values: [now, except, limit, NOT_COLLECTED, PROCESSING_DAYS],
    });
    return rows;
  }

  async attend(id: string, { now }: Turn): Promise<void> {
    await this.invoices.handle(
      id,
      { type: 'MarkOverdue', now: now.toISOString() },
      { metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: id } },
    );
  }
}
