import { Inject, Injectable } from '@nestjs/common';
import type { EventMetadata } from '#events/event';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Refunds } from '../invoices/refunds.ts';

/** Makes refunds that a crash or a provider that was away left pending. */
@Injectable()
export class FinishRefunds extends BackgroundWork {
  readonly name = 'finish-refunds';
  override readonly follows = 'real';
  override readonly everyMs = 10_000;
  override readonly atOnce = 50;
  /** A refund may stay pending at the provider for days: it is asked for again after this pause. */
  readonly #askedAgainMs = 600_000;
  readonly #asked = new Map<string, number>();

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly refunds: Refunds,
  ) {
    super();
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    for (const [id, at] of this.#asked) if (at + this.#askedAgainMs < performance.now()) this.#asked.delete(id);
    const { rows } = await this.database.pool.query<Due>({
      name: 'pending_refunds',
      text: `select id, since as due_at from refunds
        where status = 'pending' and since < now() - interval '1 minute' and id <> all($1) order by since limit $2`,
      values: [[...except, ...this.#asked.keys()], limit],
    });
    return rows;
  }

  async attend(id: string): Promise<void> {
    const { rows } = await this.database.pool.query<{ invoice_id: string }>({
      name: 'refund_by_id',
      text: 'select invoice_id from refunds where id = $1',
      values: [id],
    });
    const invoice_id = rows[0]?.invoice_id;
    const metadata: EventMetadata = { actor: { type: 'system', id: 'scheduler' }, correlation_id: id };
    if (invoice_id !== undefined) await this.refunds.make(invoice_id, id, metadata);
    this.#asked.set(id, performance.now());
  }
}
