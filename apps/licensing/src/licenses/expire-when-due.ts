import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery, type Turn } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Licenses } from './licenses.ts';

/** Ends terms and grace periods at their time. */
@Injectable()
export class ExpireWhenDue extends BackgroundWork {
  readonly name = 'expire-when-due';

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly licenses: Licenses,
  ) {
    super();
  }

  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'due_licenses',
      text: 'select id, due_at from licenses where due_at <= $1 and id <> all($2) order by due_at limit $3',
      values: [now, except, limit],
    });
    return rows;
  }

  async attend(id: string, { now }: Turn): Promise<void> {
    await this.licenses.handle(id, (plan) => ({ type: 'LetTimePass', plan, now: now.toISOString() }), {
      metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: id },
    });
  }
}
