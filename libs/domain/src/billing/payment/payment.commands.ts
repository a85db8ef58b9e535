import type { Time } from '../../shared/time.ts';
import { refuseInvoice } from '../invoice/invoice.errors.ts';
import { refusePayment } from './payment.errors.ts';
import type { OfPayment, Payment, PaymentEvent, PaymentState } from './payment.ts';

/** What a provider says of a payment when it is asked. The same observation may come again, late, or never. */
export interface PaymentObservation {
  readonly state: 'processing' | 'requires_action' | 'succeeded' | 'failed' | 'canceled';
  /** The provider's id of the payment. */
  readonly provider_id: string | null;
  /** What arrived, if it succeeded. */
  readonly amount: number;
  readonly currency: string;
  readonly error: string | null;
  /** A failed payment cannot be tried again, for example with another card. */
  readonly final: boolean;
  /** For the customer's browser. Never stored: `fetch` gives it again. */
  readonly client_secret: string | null;
  readonly checkout_url: string | null;
  readonly observed_at: Time;
}

export interface RefundObservation {
  readonly state: 'pending' | 'succeeded' | 'failed';
  readonly error: string | null;
}

export type PaymentCommand =
  | {
      readonly type: 'CreatePayment';
      readonly of: OfPayment;
      readonly off_session: boolean;
      /** `idempotencyKeyOf` */
      readonly idempotency_key: string;
      readonly now: Time;
    }
  /** A payment that an operator saw in the books of the bank. */
  | {
      readonly type: 'RecordManualPayment';
      readonly of: OfPayment;
      readonly method: string;
      readonly reference: string | null;
      readonly paid_at: Time;
      readonly now: Time;
    }
  | {
      readonly type: 'ObservePayment';
      readonly observation: Omit<PaymentObservation, 'client_secret' | 'checkout_url'>;
    }
  | { readonly type: 'RequestPaymentCancel'; readonly now: Time }
  | {
      readonly type: 'RequestPaymentRefund';
      readonly refund_id: string;
      readonly amount: number;
      readonly reason: string | null;
      readonly now: Time;
    }
  | {
      readonly type: 'ObserveRefund';
      readonly refund_id: string;
      readonly amount: number;
      readonly observation: RefundObservation;
    };

export const decidePayment = (command: PaymentCommand, state: PaymentState): readonly PaymentEvent[] => {
  switch (command.type) {
    case 'CreatePayment':
      return create(command, state);
    case 'RecordManualPayment': {
      const created = create({ ...command, off_session: false, idempotency_key: null }, state);
      if (created.length === 0) return [];
      const { paid_at, method, reference } = command;
      return [...created, { type: 'payment.succeeded', ...command.of, provider_id: null, paid_at, method, reference }];
    }
    case 'ObservePayment':
      return observe(command.observation, existing(state));
    case 'RequestPaymentCancel':
      return requestCancel(existing(state), command.now);
    case 'RequestPaymentRefund':
      return requestRefund(command, existing(state));
    case 'ObserveRefund':
      return observeRefund(command, existing(state));
    default:
      return command satisfies never;
  }
};

type Created = Omit<Extract<PaymentCommand, { type: 'CreatePayment' }>, 'type' | 'idempotency_key'> & {
  readonly idempotency_key: string | null;
};

const create = ({ of, off_session, idempotency_key, now }: Created, state: PaymentState): readonly PaymentEvent[] => {
  // Repeated after a crash: nothing may be due any more, as this very payment has paid it.
  if (state.status !== 'none') return state.invoice_id === of.invoice_id ? [] : refusePayment('PAYMENT_EXISTS');
  if (!Number.isSafeInteger(of.amount) || of.amount <= 0) return refuseInvoice('INVALID_AMOUNT');
  return [{ type: 'payment.created', ...of, off_session, idempotency_key, created_at: now }];
};

const existing = (state: PaymentState): Payment =>
  state.status === 'none' ? refusePayment('PAYMENT_NOT_FOUND') : state;

type Observed = Omit<PaymentObservation, 'client_secret' | 'checkout_url'>;

const observe = (observation: Observed, payment: Payment): readonly PaymentEvent[] => {
  const { state, provider_id, error, final, observed_at } = observation;
  // Money that arrived is never lost: success counts after any other state, and nothing but refunds comes after it.
  if (payment.status === 'succeeded') return [];
  const of = ofPayment(payment);
  if (state === 'succeeded') return [succeeded(observation, payment)];
  const isOld = payment.observed_at !== null && observed_at < payment.observed_at;
  if (isOld || payment.final) return [];
  switch (state) {
    case 'processing':
    case 'requires_action':
      if (payment.observed_at !== null && payment.status === state) return [];
      return [{ type: `payment.${state}`, ...of, provider_id, observed_at }];
    case 'failed': {
      const reason = error ?? 'payment_failed';
      if (payment.status === 'failed' && payment.error === reason && payment.final === final) return [];
      return [{ type: 'payment.failed', ...of, provider_id, error: reason, final, observed_at }];
    }
    case 'canceled':
      return [{ type: 'payment.canceled', ...of, observed_at }];
    default:
      return state satisfies never;
  }
};

const succeeded = (observation: Observed, payment: Payment): PaymentEvent => {
  const { amount, currency, provider_id, observed_at } = observation;
  if (!Number.isSafeInteger(amount) || amount <= 0) return refuseInvoice('INVALID_AMOUNT');
  const { provider: method } = payment;
  const received = { ...ofPayment(payment), amount, currency };
  return { type: 'payment.succeeded', ...received, provider_id, paid_at: observed_at, method, reference: provider_id };
};

/** Nothing happens to a payment that has succeeded, or that cannot succeed any more. */
const requestCancel = (payment: Payment, now: Time): readonly PaymentEvent[] =>
  payment.status === 'succeeded' || payment.final || payment.cancel_requested
    ? []
    : [{ type: 'payment.cancel_requested', ...ofPayment(payment), requested_at: now }];

const requestRefund = (
  { refund_id, amount, reason, now }: Extract<PaymentCommand, { type: 'RequestPaymentRefund' }>,
  payment: Payment,
): readonly PaymentEvent[] => {
  if (payment.refunds.has(refund_id)) return [];
  if (payment.status !== 'succeeded') return refusePayment('PAYMENT_NOT_SUCCEEDED');
  if (!Number.isSafeInteger(amount) || amount <= 0) return refuseInvoice('INVALID_AMOUNT');
  const pending = [...payment.refunds.values()].reduce(
    (sum, refund) => (refund.status === 'pending' ? sum + refund.amount : sum),
    0,
  );
  const refundable = payment.amount - payment.amount_refunded - pending;
  if (amount > refundable) return refuseInvoice('REFUND_EXCEEDS_PAYMENT', { refundable });
  return [
    { type: 'payment.refund_requested', ...ofPayment(payment), refund_id, refunded: amount, reason, requested_at: now },
  ];
};

const observeRefund = (
  { refund_id, amount, observation: { state, error } }: Extract<PaymentCommand, { type: 'ObserveRefund' }>,
  payment: Payment,
): readonly PaymentEvent[] => {
  const known = payment.refunds.get(refund_id);
  if (known?.status === 'succeeded' || payment.status !== 'succeeded') return [];
  const refund = { ...ofPayment(payment), refund_id, refunded: known?.amount ?? amount };
  switch (state) {
    case 'pending':
      return [];
    case 'failed':
      if (known?.status !== 'pending') return [];
      return [{ type: 'payment.refund_failed', ...refund, error: error ?? 'refund_failed' }];
    case 'succeeded': {
      const amount_refunded = payment.amount_refunded + refund.refunded;
      return [{ type: 'payment.refunded', ...refund, amount_refunded, full: amount_refunded >= payment.amount }];
    }
    default:
      return state satisfies never;
  }
};

const ofPayment = (payment: Payment): OfPayment => {
  const { invoice_id, product_id, customer_id, subscription_id, attempt, provider, currency, amount } = payment;
  return { invoice_id, product_id, customer_id, subscription_id, attempt, provider, currency, amount };
};
