import { Inject, Injectable } from '@nestjs/common';
import type { EventMetadata } from '#events/event';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { paymentId, Payments } from './payments.ts';
import { Providers } from './providers.ts';

/** Attempts payments of invoices when they are due: at once, and on the days of the ladder after a failure. */
@Injectable()
export class CollectPayments extends BackgroundWork {
  readonly name = 'collect-payments';
  override readonly atOnce = 100;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly payments: Payments,
    private readonly providers: Providers,
  ) {
    super();
  }

  /**
   * Invoices whose attempt is due and has not begun. One that has begun is followed by `ask-providers`. While the provider is processing
   * an attempt, no other one is made, also if the customer confirmed it late.
   */
  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'collectable_invoices',
      text: `select id, next_attempt_at as due_at from invoices i
        where next_attempt_at <= $1 and biller = 'keyledger' and provider = any($2) and id <> all($3)
          and not exists (select from payments p
            where p.invoice_id = i.id and p.provider = i.provider and (p.attempt = i.attempt or p.status = 'processing'))
        order by next_attempt_at limit $4`,
      values: [now, this.providers.names, except, limit],
    });
    return rows;
  }

  async attend(id: string): Promise<void> {
    const { rows } = await this.database.pool.query<{ attempt: number; version: number }>({
      name: 'attempt_of_invoice',
      text: 'select attempt, version from invoices where id = $1',
      values: [id],
    });
    const [row] = rows;
    // The row may be ahead of the invoice in memory for a moment: the next look finds it again.
    if (row === undefined || !(await this.payments.knows(id, row.version))) return;
    const { attempt } = row;
    const metadata: EventMetadata = { actor: { type: 'system', id: 'scheduler' }, correlation_id: id };
    // The payment before may still be open for another card: it must not be paid beside the new one.
    if (attempt > 0 && !(await this.payments.isOver(paymentId(id, attempt - 1), metadata))) return;
    await this.payments.start(id, attempt, { off_session: true }, metadata);
  }
}
