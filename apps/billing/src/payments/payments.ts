import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { decideInvoice, type InvoiceCommand } from '#domain/billing/invoice/invoice.commands';
import { sellsLicenses } from '#domain/billing/invoice/invoice.facts';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import { type Invoice, type InvoiceState, invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import {
  decidePayment,
  type PaymentCommand,
  type PaymentObservation,
  type RefundObservation,
} from '#domain/billing/payment/payment.commands';
import { refusePayment } from '#domain/billing/payment/payment.errors';
import { idempotencyKeyOf } from '#domain/billing/payment/idempotency-key';
import { type OfPayment, type Payment, type PaymentEvent, paymentStream } from '#domain/billing/payment/payment';
import { derivedId } from '#domain/shared/id';
import type { Time } from '#domain/shared/time';
import type { EventMetadata } from '#events/event';
import { type EventStore, StaleVersionError, UniqueViolationError } from '#events/store';
import { type Clock, CLOCK } from '#platform/clock/clock';
import { Problem } from '#platform/http/problem';
import { EVENT_STORE } from '#platform/service';
import type { Changing } from '../if-match.ts';
import { InvoiceBalances } from '../invoices/balances.ts';
import { InvoiceParties } from '../invoices/parties.ts';
import type { PaymentReference, PaymentRequest } from './provider.ts';
import { Providers } from './providers.ts';

/** Providers whose payments are entered by an operator, who also gives the money back. */
const MANUAL = 'manual';

/**
 * Payments of invoices. Calls to providers are journaled: an event says what is going to be done, the call carries an id that
 * makes it happen once, and what the provider answers is an observation. A crash between any two steps is recovered by asking.
 */
@Injectable()
export class Payments {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly providers: Providers,
    private readonly balances: InvoiceBalances,
    private readonly parties: InvoiceParties,
  ) {}

  /**
   * Starts the payment of what is due for an invoice, or answers the state of the one that was started for this attempt.
   * @param attempt 0, 1, …: each attempt is one payment at the provider
   * @returns the observation, with what the customer's browser needs
   * @throws Problem PAYMENT_PROVIDER_NOT_CONFIGURED, PAYMENT_PROVIDER_UNAVAILABLE; Refusal INVOICE_NOT_OPEN,
   * INVOICE_OF_PROVIDER, …
   */
  async start(
    invoice_id: string,
    attempt: number,
    { off_session, return_url = null }: { readonly off_session: boolean; readonly return_url?: string | null },
    metadata: EventMetadata,
  ): Promise<PaymentObservation & { readonly payment_id: string }> {
    const { invoice } = await this.#invoice(invoice_id);
    if (isOfStripe(invoice)) refuseInvoice('INVOICE_OF_PROVIDER');
    const provider = this.providers.get(invoice.document.provider);
    const payment_id = paymentId(invoice_id, attempt);
    const before = await this.store.load(paymentStream, payment_id);
    if (before.version === 0 && (invoice.status !== 'open' || invoice.amount_due === 0)) refuseNotPayable(invoice);
    const of = ofPayment(invoice_id, invoice, attempt, provider.name, invoice.amount_due);
    const now = this.clock.now().toISOString();
    const idempotency_key = idempotencyKeyOf({ ...of, payment_id }, invoice.document.reason);
    const create: PaymentCommand = { type: 'CreatePayment', of, off_session, idempotency_key, now };
    const { state, events } = await this.#decide(payment_id, create, metadata);
    const payment = state.status === 'none' ? refusePayment('PAYMENT_NOT_FOUND') : state;
    // Asks first unless this very call created the payment: an earlier call may have started it and crashed.
    const observation = await this.providers.call(async () => {
      const known = events.length > 0 ? undefined : await provider.fetch(referenceOf(payment_id, payment));
      return known ?? (await provider.start(requestOf(payment_id, payment, return_url)));
    });
    await this.observe(payment_id, observation, metadata);
    // It was voided while the provider answered.
    const { invoice: present } = await this.#invoice(invoice_id);
    if (present.status !== 'open') await this.requestCancel(payment_id, metadata);
    return { payment_id, ...observation };
  }

  /**
   * Records what a provider said of a payment, and what it means for the invoice. Repeated, late or old observations change
   * nothing.
   */
  async observe(payment_id: string, observation: PaymentObservation, metadata: EventMetadata): Promise<void> {
    const { client_secret: _secret, checkout_url: _url, ...observed } = observation;
    await this.#decide(payment_id, { type: 'ObservePayment', observation: observed }, metadata);
    await this.settle(payment_id, metadata);
  }

  /** Whether the state of an invoice in memory has come to this version. */
  async knows(invoice_id: string, version: number): Promise<boolean> {
    return (await this.store.load(invoiceStream, invoice_id)).version >= version;
  }

  /** Asks the provider for the state of a payment, and starts it if the provider does not know it. */
  async ask(payment_id: string, metadata: EventMetadata): Promise<void> {
    const { state } = await this.store.load(paymentStream, payment_id);
    if (state.status === 'none' || state.status === 'succeeded' || state.final) return;
    if (state.cancel_requested) return this.cancel(payment_id, metadata);
    const provider = this.providers.get(state.provider);
    const { invoice } = await this.#invoice(state.invoice_id);
    const observation = await this.providers.call(async () => {
      const known = await provider.fetch(referenceOf(payment_id, state));
      if (known !== undefined) return known;
      // It was never started. Nothing is charged for an invoice that is not open any more.
      if (invoice.status !== 'open') return canceled(state, this.clock.now().toISOString());
      return provider.start(requestOf(payment_id, state));
    });
    await this.observe(payment_id, observation, metadata);
  }

  /**
   * Cancels a payment that is not wanted any more. It is written down first; if the provider does not answer, `ask-providers` goes on
   * until the payment is final. Money that has arrived after all is told to the invoice.
   */
  async requestCancel(payment_id: string, metadata: EventMetadata): Promise<void> {
    const now = this.clock.now().toISOString();
    const { events } = await this.#decide(payment_id, { type: 'RequestPaymentCancel', now }, metadata);
    if (events.length === 0) return;
    await this.cancel(payment_id, metadata).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
    });
  }

  /** Cancels a payment that has not succeeded. What the provider answers counts: it may have succeeded before. */
  async cancel(payment_id: string, metadata: EventMetadata): Promise<void> {
    const { state } = await this.store.load(paymentStream, payment_id);
    if (state.status === 'none' || state.status === 'succeeded' || state.final) return;
    const provider = this.providers.get(state.provider);
    const observation = await this.providers.call(() => provider.cancel(referenceOf(payment_id, state)));
    await this.observe(payment_id, observation ?? canceled(state, this.clock.now().toISOString()), metadata);
  }

  /**
   * Cancels a payment, so that another one can be made in its place.
   * @returns false if it has succeeded after all, or is being processed and may still succeed
   */
  async isOver(payment_id: string, metadata: EventMetadata): Promise<boolean> {
    await this.cancel(payment_id, metadata);
    const { state } = await this.store.load(paymentStream, payment_id);
    return state.status !== 'succeeded' && state.status !== 'processing';
  }

  /** Tells the invoice the state of a payment. Repeated after a crash, it changes nothing that was told before. */
  async settle(payment_id: string, metadata: EventMetadata): Promise<void> {
    const { state } = await this.store.load(paymentStream, payment_id);
    if (state.status === 'none') return;
    const command = commandFor(payment_id, state);
    if (command !== undefined) await this.#tell(state.invoice_id, await this.#withRecipient(state, command), metadata);
    for (const [refund_id, refund] of state.refunds)
      if (refund.status !== 'pending') await this.#tellRefund(payment_id, state, refund_id, metadata);
  }

  /**
   * Records a payment that an operator saw in the books of the bank, and settles the invoice with it.
   * @param payment.amount null = all that is due
   * @throws Refusal CURRENCY_MISMATCH, INVOICE_VOID, INVOICE_PAID, INVALID_AMOUNT
   */
  async recordManual(
    invoice_id: string,
    payment_id: string,
    payment: {
      readonly amount: number | null;
      readonly currency: string | null;
      readonly method: string;
      readonly reference: string | null;
      readonly paid_at: Time;
    },
    { metadata, if_match }: Changing,
  ): Promise<void> {
    const { invoice, version } = await this.#invoice(invoice_id);
    const currency = payment.currency ?? invoice.document.currency;
    const amount = payment.amount ?? invoice.amount_due;
    const { method, reference, paid_at } = payment;
    const receive: InvoiceCommand = {
      type: 'ReceivePayment',
      payment_id,
      ...{ amount: payment.amount, currency, paid_at, method, reference },
      by: 'operator',
    };
    // Refuses before anything is written.
    decideInvoice(receive, invoice);
    const of = { ...ofPayment(invoice_id, invoice, 0, MANUAL, amount), currency };
    const now = this.clock.now().toISOString();
    const record = { type: 'RecordManualPayment', of, method, reference, paid_at, now } as const;
    const once = if_match === undefined ? {} : { idOf: createdOnceFor(invoice_id, version) };
    await this.store
      .handle(paymentStream, payment_id, (state) => decidePayment(record, state), { metadata, ...once })
      .catch((error: unknown) => {
        if (error instanceof UniqueViolationError && error.constraint === 'events_id_key' && if_match !== undefined)
          throw new StaleVersionError(invoice_id, if_match, version + 1);
        throw error;
      });
    await this.settle(payment_id, metadata);
  }

  /** Makes a refund that the invoice reserved. Repeated with the same `refund_id`, it gives back once. */
  async refund(
    {
      refund_id,
      payment_id,
      amount,
    }: { readonly refund_id: string; readonly payment_id: string; readonly amount: number },
    reason: string | null,
    metadata: EventMetadata,
  ): Promise<void> {
    const now = this.clock.now().toISOString();
    const request: PaymentCommand = { type: 'RequestPaymentRefund', refund_id, amount, reason, now };
    const { state } = await this.#decide(payment_id, request, metadata);
    const payment = state.status === 'none' ? refusePayment('PAYMENT_NOT_FOUND') : state;
    // Decided before: only the invoice may not know it yet.
    if (payment.refunds.get(refund_id)?.status !== 'pending') return this.settle(payment_id, metadata);
    const observation: RefundObservation =
      payment.provider === MANUAL
        ? { state: 'succeeded', error: null }
        : await this.providers.call(() =>
            this.providers
              .get(payment.provider)
              .refund({ refund_id, payment: referenceOf(payment_id, payment), amount }),
          );
    await this.observeRefund(payment_id, { refund_id, amount, observation }, metadata);
  }

  /** Records what a provider said of a refund, also of one that was made at the provider itself. */
  async observeRefund(
    payment_id: string,
    refund: { readonly refund_id: string; readonly amount: number; readonly observation: RefundObservation },
    metadata: EventMetadata,
  ): Promise<void> {
    await this.#decide(payment_id, { type: 'ObserveRefund', ...refund }, metadata);
    await this.settle(payment_id, metadata);
  }

  async #tellRefund(payment_id: string, payment: Payment, refund_id: string, metadata: EventMetadata): Promise<void> {
    const refund = payment.refunds.get(refund_id);
    if (refund === undefined) return;
    const of = { refund_id, payment_id, amount: refund.amount };
    const command: InvoiceCommand =
      refund.status === 'succeeded'
        ? { type: 'RecordRefund', ...of }
        : { type: 'FailRefund', ...of, error: 'refund_failed' };
    await this.#tell(payment.invoice_id, command, metadata);
  }

  /** With the customer to whom licensing sends the licenses that the payment buys. */
  async #withRecipient({ invoice_id, customer_id }: Payment, command: InvoiceCommand): Promise<InvoiceCommand> {
    if (command.type !== 'ReceivePayment') return command;
    const { state } = await this.store.load(invoiceStream, invoice_id);
    if (!isFinalized(state) || !sellsLicenses(state.document)) return command;
    return { ...command, recipient_sealed: await this.parties.recipient(customer_id, invoice_id) };
  }

  async #tell(invoice_id: string, command: InvoiceCommand, metadata: EventMetadata): Promise<void> {
    const { events } = await this.store.handle(
      invoiceStream,
      invoice_id,
      // Stripe collects its invoices by itself: a failure is observed with the invoice.
      (state) => (command.type === 'RecordFailedPayment' && isOfStripe(state) ? [] : decideInvoice(command, state)),
      { metadata },
    );
    for (const { event } of events) await this.balances.settle(invoice_id, event, metadata);
  }

  #decide(payment_id: string, command: PaymentCommand, metadata: EventMetadata) {
    return this.store.handle(paymentStream, payment_id, (state) => decidePayment(command, state), { metadata });
  }

  async #invoice(invoice_id: string): Promise<{ readonly invoice: Invoice; readonly version: number }> {
    const { state, version } = await this.store.load(invoiceStream, invoice_id);
    if (isFinalized(state)) return { invoice: state, version };
    return state.status === 'draft' ? refuseInvoice('INVOICE_NOT_FINALIZED') : refuseInvoice('INVOICE_NOT_FOUND');
  }
}

const referenceOf = (payment_id: string, { idempotency_key }: Payment): PaymentReference => ({
  payment_id,
  idempotency_key: idempotency_key ?? payment_id,
});

const requestOf = (payment_id: string, payment: Payment, return_url: string | null = null): PaymentRequest => {
  const { invoice_id, amount, currency, customer_id, off_session } = payment;
  return { ...referenceOf(payment_id, payment), invoice_id, amount, currency, customer_id, off_session, return_url };
};

/** Id of the payment of an attempt. */
export const paymentId = (invoice_id: string, attempt: number): string =>
  derivedId('pay', createHash('sha256').update(`${invoice_id}/${attempt}`).digest());

const isOfStripe = (state: InvoiceState): boolean => isFinalized(state) && state.document.biller === 'stripe';

const refuseNotPayable = ({ status }: Invoice): never => {
  if (status === 'void') return refuseInvoice('INVOICE_VOID');
  return status === 'paid' ? refuseInvoice('INVOICE_PAID') : refuseInvoice('INVOICE_NOT_OPEN');
};

const ofPayment = (
  invoice_id: string,
  { document: { product_id, customer_id, subscription_id, currency } }: Invoice,
  attempt: number,
  provider: string,
  amount: number,
): OfPayment => ({ invoice_id, product_id, customer_id, subscription_id, attempt, provider, currency, amount });

const canceled = ({ provider_id, amount, currency }: Payment, observed_at: Time): PaymentObservation => ({
  state: 'canceled',
  provider_id,
  amount,
  currency,
  error: null,
  final: true,
  client_secret: null,
  checkout_url: null,
  observed_at,
});

/** Of several payments that are entered at once for the same version of an invoice, one is recorded: their events have one id. */
const createdOnceFor = (invoice_id: string, version: number): ((event: PaymentEvent) => string | undefined) => {
  const id = derivedId('evt', createHash('sha256').update(`${invoice_id}/${version}/entered`).digest());
  return ({ type }) => (type === 'payment.created' ? id : undefined);
};

/** What the state of a payment means for its invoice. */
const commandFor = (payment_id: string, payment: Payment): InvoiceCommand | undefined => {
  const { status, attempt, off_session } = payment;
  if (status === 'succeeded') {
    const { amount, currency, method, provider, reference } = payment;
    const paid_at = payment.paid_at ?? payment.created_at;
    const received = { payment_id, amount, currency, paid_at, method: method ?? provider, reference };
    return { type: 'ReceivePayment', ...received, by: 'provider' };
  }
  // While the customer is there, an attempt may be repeated with another card, or confirmed.
  const isLeft = off_session && (status === 'failed' || status === 'requires_action');
  const hasFailed = isLeft || status === 'canceled' || (status === 'failed' && payment.final);
  if (!hasFailed) return undefined;
  return { type: 'RecordFailedPayment', payment_id, attempt, error: payment.error ?? status };
};
