import { Inject, Injectable } from '@nestjs/common';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import { invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import type { Changing } from '../if-match.ts';
import { CreditNotes } from '../invoices/credit-notes.ts';

interface WantedRefund {
  /** The same id refunds once. */
  readonly refund_id: string;
  /** undefined = the latest that was paid. */
  readonly invoice_id: string | undefined;
  /** undefined = all that is left. */
  readonly amount: number | undefined;
  readonly reason: string | null;
}

/** Refunds invoices of subscriptions, as the routes of invoices do: with a credit note. */
@Injectable()
export class Refunding {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly creditNotes: CreditNotes,
  ) {}

  /**
   * A refund of a part does not change the subscription, so of two at the same time with one `If-Match` the second finds that the
   * invoice has changed.
   * @throws Refusal NOTHING_TO_REFUND, INVOICE_NOT_FOUND, REFUND_EXCEEDS_PAYMENT
   * @throws StaleVersionError
   */
  async refund(
    subscription_id: string,
    { refund_id, invoice_id, amount, reason }: WantedRefund,
    { metadata, if_match }: Changing,
  ): Promise<void> {
    const wanted = invoice_id ?? (await this.#latestPaid(subscription_id)) ?? refuseSubscription('NOTHING_TO_REFUND');
    const { state, version } = await this.store.load(invoiceStream, wanted);
    if (!isFinalized(state) || state.document.subscription_id !== subscription_id)
      return refuseInvoice('INVOICE_NOT_FOUND');
    const changing = { metadata, if_match: if_match === undefined ? undefined : [version] };
    await this.creditNotes.refundInvoice(wanted, { refund_id, amount: amount ?? null, reason }, changing);
  }

  async #latestPaid(subscription_id: string): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'latest_paid_invoice',
      text: `select id from invoices where subscription_id = $1 and status = 'paid' and amount_paid > amount_refunded
        order by issued_at desc, id desc limit 1`,
      values: [subscription_id],
    });
    return rows[0]?.id;
  }
}
