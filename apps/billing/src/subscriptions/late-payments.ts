import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { subscriptionStream } from '#domain/billing/subscription/subscription';
import type { Subscription } from '#domain/billing/subscription/subscription';
import { derivedId, derivedIdAt } from '#domain/shared/id';
import { licenseOfSubscription } from '#domain/shared/license-of';
import type { EventMetadata } from '#events/event';
import { type EventStore, UniqueViolationError } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { EVENT_STORE } from '#platform/service';
import { CreditNotes } from '../invoices/credit-notes.ts';
import { Invoices } from '../invoices/invoices.ts';
import { KnownPlans } from '../plans/known-plans.ts';
import { Providers } from '../payments/providers.ts';
import { BillingTerms } from './billing-terms.ts';
import { Offers } from './offers.ts';
import { ONE_LIVE } from './subscription.table.ts';
import { Subscriptions } from './subscriptions.ts';

/** Money for an invoice of a subscription that was canceled because it was not paid. The plan says what follows. */
@Injectable()
export class LatePayments {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly subscriptions: Subscriptions,
    private readonly plans: KnownPlans,
    private readonly offers: Offers,
    private readonly terms: BillingTerms,
    private readonly invoices: Invoices,
    private readonly creditNotes: CreditNotes,
    private readonly providers: Providers,
  ) {}

  /**
   * `reactivate`: the subscriber gets a new subscription, whose first period the money has paid. `refund`, or if the subscriber
   * has another one meanwhile: the money is given back by its provider; what came by transfer becomes credit of the customer.
   * Both have their effect once.
   */
  async take(id: string, invoice_id: string, metadata: EventMetadata): Promise<void> {
    const { state } = await this.store.load(subscriptionStream, id);
    if (state.status !== 'canceled' || state.cancel_reason !== 'unpaid' || state.period_invoice_id !== invoice_id)
      return;
    const plan = await this.plans.find(state.plan_id);
    if (plan?.late_payment_policy !== 'refund' && (await this.#restart(state, invoice_id, metadata))) return;
    await this.#giveBack(invoice_id, metadata);
  }

  /** @returns false if the subscriber has another subscription to the product */
  async #restart(state: Subscription, invoice_id: string, metadata: EventMetadata): Promise<boolean> {
    if (state.price_id === null) return false;
    const { product_id, plan_id, price_id, quantity, subscriber, customer_id } = state;
    const { biller, provider, po_number, metadata: notes } = state;
    // The id sorts by the time when the invoice was issued, which is the same each time.
    const issued_at = (await this.invoices.find(invoice_id))?.document.issued_at ?? state.created_at;
    const id = derivedIdAt('sub', Date.parse(issued_at), hashOf(`${invoice_id}/restart`));
    const now = this.clock.now().toISOString();
    const offer = await this.offers.find(price_id);
    const recipient_sealed = await this.terms.recipient(customer_id, id);
    const items = { product_id, plan_id, price_id, quantity, subscriber, customer_id };
    const terms = { ...items, biller, provider, provider_id: null, po_number, metadata: notes };
    try {
      await this.subscriptions.handle(
        id,
        () => ({
          type: 'Restart',
          now,
          terms: { ...terms, license_id: licenseOfSubscription(id) },
          offer,
          sole: state.sole,
          invoice_id,
          recipient_sealed,
        }),
        { metadata },
      );
      return true;
    } catch (error) {
      if (error instanceof UniqueViolationError && error.constraint === ONE_LIVE) return false;
      throw error;
    }
  }

  async #giveBack(invoice_id: string, metadata: EventMetadata): Promise<void> {
    const invoice = await this.invoices.find(invoice_id);
    if (invoice === undefined) return;
    const { total, biller, provider } = invoice.document;
    const reason = 'paid after the subscription had ended';
    if (biller === 'stripe') {
      const refund_id = derivedId('ref', hashOf(`${invoice_id}/late`));
      return this.creditNotes.refundInvoice(invoice_id, { refund_id, amount: null, reason }, { metadata });
    }
    await this.creditNotes.issue(
      invoice_id,
      {
        credit_note_id: derivedId('cn', hashOf(`${invoice_id}/late`)),
        credited: { amount: total },
        reason,
        refund: this.providers.names.includes(provider),
      },
      { metadata },
    );
  }
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
