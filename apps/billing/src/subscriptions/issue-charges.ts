import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Subscriptions } from './subscriptions.ts';

/** Issues the invoices of charges that a crash left without one. */
@Injectable()
export class IssueCharges extends BackgroundWork {
  readonly name = 'issue-charges';
  override readonly follows = 'real';

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly subscriptions: Subscriptions,
  ) {
    super();
  }

  /** The command that charged is given five seconds: it issues the invoice itself. */
  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'uninvoiced_charges',
      text: `select invoice_id as id, since as due_at from uninvoiced_charges
        where since < now() - interval '5 seconds' and invoice_id <> all($1) order by since limit $2`,
      values: [except, limit],
    });
    return rows;
  }

  async attend(invoice_id: string): Promise<void> {
    const metadata = { actor: { type: 'system', id: 'scheduler' }, correlation_id: invoice_id } as const;
    await this.subscriptions.issueMissing([invoice_id], metadata);
  }
}
