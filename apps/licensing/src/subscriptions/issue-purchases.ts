import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { licenseOfPurchase } from '#domain/shared/license-of';
import type { PublishedEvent } from '#events/event';
import { Subscribe } from '#events/nest/event-transport';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Licenses } from '../licenses/licenses.ts';
import type { PaidInvoice, PaidLine, RefundedInvoice } from './billing-events.ts';
import { eachSubject } from './each-subject.ts';
import { SoldLicenses } from './sold-licenses.ts';

/**
 * Gives what a paid one-off invoice was for: a perpetual license for each unit, or more updates or another plan for an owned
 * license. Invoices of subscriptions are no purchases: their events say what follows.
 */
@Controller()
export class IssuePurchases {
  constructor(
    private readonly sold: SoldLicenses,
    private readonly licenses: Licenses,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Subscribe({
    service: 'licensing',
    name: 'issue-purchases',
    sources: ['billing'],
    types: ['invoice.paid', 'invoice.refunded'],
  })
  async on(@Payload() batch: readonly PublishedEvent[]): Promise<void> {
    await eachSubject(batch, (event) => (event.type === 'invoice.paid' ? this.#paid(event) : this.#refunded(event)));
  }

  async #paid(event: PublishedEvent): Promise<void> {
    const invoice = event.data as unknown as PaidInvoice;
    if (invoice.subscription_id !== null) return;
    for (const line of invoice.lines) {
      if (line.kind !== 'one_time' || line.plan_id === null) continue;
      if (line.license_id === null) await this.#issue(event, invoice, line, line.plan_id);
      else await this.#change(event, line, line.plan_id, line.license_id);
    }
  }

  async #issue(event: PublishedEvent, invoice: PaidInvoice, { line, quantity }: PaidLine, plan_id: string) {
    const { customer_id, subscriber, provider, recipient_sealed } = invoice;
    // The time of the event is real time, which a test clock does not move.
    const from = this.clock.now().toISOString();
    for (let unit = 0; unit < quantity; unit += 1) {
      const order = {
        license_id: licenseOfPurchase(event.subject, line, unit),
        plan_id,
        customer_id,
        recipient_sealed,
        quantity: 1,
        sale: { subscription_id: null, payment_provider: provider, invoice_id: event.subject },
        external_customer_id: subscriber,
        from,
        valid_until: null,
        trial: false,
        paid: true,
      };
      await this.sold.issue(order, event);
    }
  }

  /** The same plan is bought again for maintenance, another plan for an upgrade. */
  async #change(event: PublishedEvent, { line }: PaidLine, plan_id: string, license_id: string): Promise<void> {
    const to = await this.licenses.plan(plan_id);
    await this.sold.once(
      license_id,
      (plan, now) =>
        plan.plan_id === plan_id ? { type: 'RenewMaintenance', plan, now } : { type: 'UpgradeByPurchase', to, now },
      event,
      `line ${line}`,
      plan_id,
    );
  }

  /** Licenses that the invoice has issued. What it has given to owned licenses stays. */
  async #refunded(event: PublishedEvent): Promise<void> {
    const { subscription_id, full } = event.data as unknown as RefundedInvoice;
    if (subscription_id !== null || !full) return;
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'licenses_of_invoice',
      text: 'select id from licenses where invoice_id = $1 order by id',
      values: [event.subject],
    });
    for (const { id } of rows)
      await this.sold.once(id, (plan, now) => ({ type: 'RefundByBilling', plan, now }), event, 'refund');
  }
}
