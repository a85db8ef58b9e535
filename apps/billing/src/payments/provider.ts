import type { PaymentObservation, RefundObservation } from '#domain/billing/payment/payment.commands';

/** A payment, as its provider finds it. */
export interface PaymentReference {
  /** Our id. */
  readonly payment_id: string;
  /** The same key starts one payment, however often it is asked for. It may be the provider's own id of it. */
  readonly idempotency_key: string;
}

/** A payment to start. */
export interface PaymentRequest extends PaymentReference {
  readonly invoice_id: string;
  /** Minor units of the currency. */
  readonly amount: number;
  /** ISO 4217 in lower case, or `sats`. */
  readonly currency: string;
  readonly customer_id: string;
  /** The customer is not there: a kept payment method is charged. */
  readonly off_session: boolean;
  /** The merchant's page to which the customer comes back; null = none was named. */
  readonly return_url: string | null;
}

export interface RefundRequest {
  /** The idempotency key. */
  readonly refund_id: string;
  readonly payment: PaymentReference;
  readonly amount: number;
}

/**
 * A payment provider. An error of any of these calls says nothing about the payment: it may have happened. The caller asks
 * `fetch` before it tries again.
 */
export interface PaymentProvider {
  /** `hyperswitch`, `btcpay`: the `provider` of subscriptions and invoices. */
  readonly name: string;
  start(request: PaymentRequest): Promise<PaymentObservation>;
  /** The present state of a payment; undefined if the provider does not know it. */
  fetch(payment: PaymentReference): Promise<PaymentObservation | undefined>;
  /** Cancels a payment that has not succeeded. @returns its state after that: it may have succeeded before */
  cancel(payment: PaymentReference): Promise<PaymentObservation | undefined>;
  refund(request: RefundRequest): Promise<RefundObservation>;
}

/** Injection token of all configured providers, `readonly PaymentProvider[]`; without a provider of the token there are none. */
export const PAYMENT_PROVIDERS = Symbol('PaymentProviders');
