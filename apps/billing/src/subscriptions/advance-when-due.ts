import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Subscriptions } from './subscriptions.ts';

/**
 * Renewals, ends of trials, dunning, and whatever else time does to subscriptions; and the invoices that a crash left unissued,
 * once they have waited for a moment: usually the command that charged is still issuing its invoice.
 */
@Injectable()
export class AdvanceWhenDue extends BackgroundWork {
  readonly name = 'advance-when-due';

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly subscriptions: Subscriptions,
  ) {
    super();
  }

  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'due_subscriptions',
      text: `(select id, due_at from subscriptions where due_at <= $1 and id <> all($2) order by due_at limit $3)
        union all
        (select id, $1::timestamptz as due_at from subscriptions where uninvoiced is not null and id <> all($2) limit $3)
        limit $3`,
      values: [now, except, limit],
    });
    return rows;
  }

  async attend(id: string): Promise<void> {
    await this.subscriptions.advance(id, { actor: { type: 'system', id: 'scheduler' }, correlation_id: id });
  }
}
