import type { PaymentObservation, RefundObservation } from '#domain/billing/payment/payment.commands';
import type { Clock } from '#platform/clock/clock';
import type {
  PaymentProvider,
  PaymentReference,
  PaymentRequest,
  RefundRequest,
} from '../../apps/billing/src/payments/provider.ts';

type State = PaymentObservation['state'];

interface Kept {
  readonly request: PaymentRequest;
  state: State;
  error: string | null;
  refunded: number;
}

/**
 * A payment provider in memory. It remembers idempotency keys, and does next what a test asks for: decline, need an action, or
 * break off after it has charged.
 */
export class FakeProvider implements PaymentProvider {
  readonly name = 'hyperswitch';
  readonly payments = new Map<string, Kept>();
  readonly refunds = new Map<string, RefundRequest>();
  /** How often each call was made, with which id. */
  readonly calls: string[] = [];
  /** What the next payments become; empty = they succeed. */
  readonly next: State[] = [];
  /** The next call of this kind does its work, and then breaks off; one of `cancel` does nothing before. */
  breaking: 'start' | 'refund' | 'cancel' | undefined;
  /** Currency that is paid in; undefined = the one that was asked for. */
  currency: string | undefined;

  readonly #keys = new Map<string, string>();

  constructor(private readonly clock: Clock) {}

  async start(request: PaymentRequest): Promise<PaymentObservation> {
    this.calls.push(`start ${request.payment_id}`);
    const { idempotency_key: key } = request;
    const before = this.#keys.get(key) ?? request.payment_id;
    if (before !== request.payment_id) throw new Error(`${key} is the key of ${before}, not of ${request.payment_id}`);
    this.#keys.set(key, request.payment_id);
    if (!this.payments.has(request.payment_id)) {
      const state = this.next.shift() ?? 'succeeded';
      const error = state === 'failed' ? 'card_declined' : null;
      this.payments.set(request.payment_id, { request, state, error, refunded: 0 });
    }
    return this.#answer('start', this.#observe(request.payment_id));
  }

  fetch({ payment_id }: PaymentReference): Promise<PaymentObservation | undefined> {
    this.calls.push(`fetch ${payment_id}`);
    return Promise.resolve(this.payments.has(payment_id) ? this.#observe(payment_id) : undefined);
  }

  cancel({ payment_id }: PaymentReference): Promise<PaymentObservation | undefined> {
    this.calls.push(`cancel ${payment_id}`);
    const payment = this.payments.get(payment_id);
    if (this.breaking === 'cancel') return this.#answer('cancel', undefined);
    if (payment === undefined) return Promise.resolve(undefined);
    if (payment.state !== 'succeeded') payment.state = 'canceled';
    return Promise.resolve(this.#observe(payment_id));
  }

  async refund(request: RefundRequest): Promise<RefundObservation> {
    this.calls.push(`refund ${request.refund_id}`);
    const payment = this.payments.get(request.payment.payment_id);
    if (payment?.state !== 'succeeded') return { state: 'failed', error: 'not_charged' };
    if (!this.refunds.has(request.refund_id)) payment.refunded += request.amount;
    this.refunds.set(request.refund_id, request);
    return this.#answer('refund', { state: 'succeeded', error: null });
  }

  /** The customer acts, or another card is tried. */
  becomes(payment_id: string, state: State): PaymentObservation {
    const payment = this.payments.get(payment_id);
    if (payment === undefined) throw new Error(`no payment ${payment_id}`);
    payment.state = state;
    return this.#observe(payment_id);
  }

  /** What customers have paid, without what was given back. */
  get balance(): number {
    return [...this.payments.values()].reduce(
      (sum, { state, request, refunded }) => (state === 'succeeded' ? sum + request.amount - refunded : sum),
      0,
    );
  }

  #answer<T>(kind: 'start' | 'refund' | 'cancel', answer: T): Promise<T> {
    if (this.breaking !== kind) return Promise.resolve(answer);
    this.breaking = undefined;
    return Promise.reject(new Error('the connection was lost'));
  }

  #observe(payment_id: string): PaymentObservation {
    const payment = this.payments.get(payment_id);
    if (payment === undefined) throw new Error(`no payment ${payment_id}`);
    const { request, state, error } = payment;
    return {
      state,
      provider_id: `hs_${payment_id}`,
      amount: request.amount,
      currency: this.currency ?? request.currency,
      error,
      final: state === 'failed' || state === 'canceled',
      client_secret: `secret_${payment_id}`,
      checkout_url: null,
      observed_at: this.clock.now().toISOString(),
    };
  }
}
