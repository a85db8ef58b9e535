import type { Time } from '../../shared/time.ts';

export const PAYMENT_STATUSES = [
  'processing',
  'requires_action',
  'succeeded',
  'failed',
  'canceled',
  'refunded',
  'partially_refunded',
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** What every event of a payment says of it. */
export interface OfPayment {
  readonly invoice_id: string;
  readonly product_id: string | null;
  readonly customer_id: string;
  readonly subscription_id: string | null;
  /** 0, 1, …: which attempt to pay the invoice it is. */
  readonly attempt: number;
  /** A provider's name, or `manual` for a payment that an operator entered. */
  readonly provider: string;
  readonly currency: string;
  readonly amount: number;
}

export interface PaymentRefund {
  readonly refund_id: string;
  readonly refunded: number;
}

export type PaymentEvent =
  | ({
      readonly type: 'payment.created';
      readonly off_session: boolean;
      /** The key that it is started with at the provider; null for a payment that an operator entered. */
      readonly idempotency_key: string | null;
      readonly created_at: Time;
    } & OfPayment)
  | ({
      readonly type: 'payment.processing';
      readonly provider_id: string | null;
      readonly observed_at: Time;
    } & OfPayment)
  | ({
      readonly type: 'payment.requires_action';
      readonly provider_id: string | null;
      readonly observed_at: Time;
    } & OfPayment)
  /** `amount` and `currency` are those that arrived. */
  | ({
      readonly type: 'payment.succeeded';
      readonly provider_id: string | null;
      readonly paid_at: Time;
      readonly method: string;
      readonly reference: string | null;
    } & OfPayment)
  /** `final`: this payment cannot succeed any more. */
  | ({
      readonly type: 'payment.failed';
      readonly provider_id: string | null;
      readonly error: string;
      readonly final: boolean;
      readonly observed_at: Time;
    } & OfPayment)
  /** It is going to be canceled at the provider: nothing is to be paid any more. */
  | ({ readonly type: 'payment.cancel_requested'; readonly requested_at: Time } & OfPayment)
  | ({ readonly type: 'payment.canceled'; readonly observed_at: Time } & OfPayment)
  | ({
      readonly type: 'payment.refund_requested';
      readonly reason: string | null;
      readonly requested_at: Time;
    } & OfPayment &
      PaymentRefund)
  | ({
      readonly type: 'payment.refunded';
      /** The sum of all refunds. */
      readonly amount_refunded: number;
      readonly full: boolean;
    } & OfPayment &
      PaymentRefund)
  | ({ readonly type: 'payment.refund_failed'; readonly error: string } & OfPayment & PaymentRefund);

export interface Payment extends OfPayment {
  readonly status: Exclude<PaymentStatus, 'refunded' | 'partially_refunded'>;
  readonly off_session: boolean;
  readonly idempotency_key: string | null;
  readonly created_at: Time;
  readonly provider_id: string | null;
  readonly error: string | null;
  readonly final: boolean;
  /** It is canceled at the provider, again and again until it is final. */
  readonly cancel_requested: boolean;
  /** Of the last observation; null before the first. */
  readonly observed_at: Time | null;
  readonly paid_at: Time | null;
  readonly method: string | null;
  readonly reference: string | null;
  readonly amount_refunded: number;
  readonly refunds: ReadonlyMap<
    string,
    { readonly amount: number; readonly status: 'pending' | 'succeeded' | 'failed' }
  >;
}

export type PaymentState = { readonly status: 'none' } | Payment;

const initialState: PaymentState = { status: 'none' };

const evolve = (state: PaymentState, event: PaymentEvent): PaymentState => {
  if (event.type === 'payment.created') {
    const { type: _type, ...payment } = event;
    return { ...payment, ...FRESH };
  }
  return state.status === 'none' ? state : evolveExisting(state, event);
};

const FRESH = {
  status: 'processing',
  provider_id: null,
  error: null,
  final: false,
  cancel_requested: false,
  observed_at: null,
  paid_at: null,
  method: null,
  reference: null,
  amount_refunded: 0,
  refunds: new Map(),
} as const;

const evolveExisting = (state: Payment, event: Exclude<PaymentEvent, { type: 'payment.created' }>): Payment => {
  switch (event.type) {
    case 'payment.processing':
    case 'payment.requires_action': {
      const status = event.type === 'payment.processing' ? 'processing' : 'requires_action';
      return { ...state, status, provider_id: event.provider_id, error: null, observed_at: event.observed_at };
    }
    case 'payment.succeeded': {
      const { amount, currency, provider_id, paid_at, method, reference } = event;
      const received = { amount, currency, provider_id, paid_at, method, reference };
      return { ...state, ...received, status: 'succeeded', error: null, observed_at: paid_at };
    }
    case 'payment.failed': {
      const { provider_id, error, final, observed_at } = event;
      return { ...state, status: 'failed', provider_id, error, final, observed_at };
    }
    case 'payment.cancel_requested':
      return { ...state, cancel_requested: true };
    case 'payment.canceled':
      return { ...state, status: 'canceled', final: true, observed_at: event.observed_at };
    case 'payment.refund_requested':
      return withRefund(state, event, 'pending');
    case 'payment.refund_failed':
      return withRefund(state, event, 'failed');
    case 'payment.refunded':
      return { ...withRefund(state, event, 'succeeded'), amount_refunded: event.amount_refunded };
    default:
      return state;
  }
};

const withRefund = (
  state: Payment,
  { refund_id, refunded: amount }: PaymentRefund,
  status: 'pending' | 'succeeded' | 'failed',
): Payment => ({ ...state, refunds: new Map(state.refunds).set(refund_id, { amount, status }) });

export const paymentStream = { name: 'payment', initialState, evolve };

/** The status as the API shows it. */
export const shownStatus = ({ status, amount, amount_refunded }: Payment): PaymentStatus => {
  if (status !== 'succeeded' || amount_refunded === 0) return status;
  return amount_refunded >= amount ? 'refunded' : 'partially_refunded';
};
