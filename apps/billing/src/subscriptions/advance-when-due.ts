import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Subscriptions } from './subscriptions.ts';

/** Renewals, ends of trials, dunning, and whatever else time does to subscriptions. */
@Injectable()
export class AdvanceWhenDue extends BackgroundWork {
  readonly name = 'advance-when-due';
  /** Some renewals are read while others are written. More at once would only fill the memory. */
  override readonly sliding = true;
  override readonly atOnce = 500;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly subscriptions: Subscriptions,
  ) {
    super();
  }

  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'due_subscriptions',
      text: 'select id, due_at from subscriptions where due_at <= $1 and id <> all($2) order by due_at limit $3',
      values: [now, except, limit],
    });
    return rows;
  }

  override async left({ now }: { readonly now: Date }): Promise<number> {
    const { rows } = await this.database.pool.query<{ count: number }>({
      name: 'due_subscriptions_left',
      text: 'select count(*)::int as count from subscriptions where due_at <= $1',
      values: [now],
    });
    return rows[0]?.count ?? 0;
  }

  async attend(id: string): Promise<void> {
    await this.subscriptions.advance(id, { actor: { type: 'system', id: 'scheduler' }, correlation_id: id });
  }
}
