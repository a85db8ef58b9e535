import { Inject, Injectable } from '@nestjs/common';
import { paymentStream } from '#domain/billing/payment/payment';
import type { Subscription } from '#domain/billing/subscription/subscription';
import type { EventMetadata } from '#events/event';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { Invoices } from '../invoices/invoices.ts';
import { paymentId, Payments } from '../payments/payments.ts';
import { type FirstPayment, NO_PAYMENT } from './subscription.view.ts';

/** The first payment of a subscription at its provider. The customer is there and completes it. */
@Injectable()
export class FirstPayments {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly payments: Payments,
    private readonly invoices: Invoices,
  ) {}

  /** Its id, without a call to the provider. */
  of(state: Subscription): FirstPayment {
    const invoice_id = awaited(state);
    return invoice_id === undefined ? NO_PAYMENT : { ...NO_PAYMENT, payment_id: paymentId(invoice_id, 0) };
  }

  /** Whether a payment at a provider is awaited that the provider has not answered yet. */
  async isUnanswered(state: Subscription): Promise<boolean> {
    const invoice_id = awaited(state);
    if (invoice_id === undefined) return false;
    const { state: payment } = await this.store.load(paymentStream, paymentId(invoice_id, 0));
    return payment.status === 'none' || payment.observed_at === null;
  }

  /** Whether the awaited invoice is paid. */
  async hasSucceeded(state: Subscription): Promise<boolean> {
    const invoice_id = awaited(state);
    return invoice_id !== undefined && (await this.invoices.find(invoice_id))?.status === 'paid';
  }

  /**
   * Starts the payment, or finds the one that was started: there is exactly one.
   * @param return_url the page to which the customer comes back, for a payment that is started now
   * @throws Problem PAYMENT_PROVIDER_UNAVAILABLE: the same call can be sent again
   */
  async start(state: Subscription, metadata: EventMetadata, return_url: string | null = null): Promise<FirstPayment> {
    const invoice_id = awaited(state);
    if (invoice_id === undefined) return NO_PAYMENT;
    const { payment_id, client_secret, checkout_url } = await this.payments.start(
      invoice_id,
      0,
      { off_session: false, return_url },
      metadata,
    );
    return { payment_id, client_secret, checkout_url };
  }
}

/** The invoice whose payment a provider awaits. */
const awaited = ({ status, provider, latest_invoice_id }: Subscription): string | undefined =>
  status === 'pending_payment' && provider !== 'bank_transfer' ? (latest_invoice_id ?? undefined) : undefined;
