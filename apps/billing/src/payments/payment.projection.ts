import type { PaymentEvent } from '#domain/billing/payment/payment';
import { tableProjection } from '#events/projection/table';
import { type PaymentRow, paymentsTable } from './payment.table.ts';

export const paymentsProjection = tableProjection<PaymentRow, PaymentEvent>({
  table: paymentsTable,
  types: ['payment.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { stream_id: id, version, event, recorded_at }) => {
    if (event.type === 'payment.created') return created(id, version, event, new Date(recorded_at));
    return row && { ...row, ...changes(event, new Date(recorded_at)), version };
  },
});

type Created = Extract<PaymentEvent, { type: 'payment.created' }>;

const created = (id: string, version: number, event: Created, now: Date): PaymentRow => ({
  ...event,
  id,
  version,
  provider_id: null,
  amount: String(event.amount),
  amount_refunded: '0',
  status: 'processing',
  error: null,
  method: null,
  reference: null,
  created_at: new Date(event.created_at),
  paid_at: null,
  // The answer to the call that starts the payment comes first, unless a crash prevents it.
  ask_at: later(now, MINUTE_MS),
});

/** A provider that was not heard of for this long is asked. */
const later = (now: Date, wait: number): Date => new Date(now.getTime() + wait);

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const changes = (event: PaymentEvent, now: Date): Partial<PaymentRow> => {
  switch (event.type) {
    case 'payment.processing':
      return { status: 'processing', provider_id: event.provider_id, error: null, ask_at: later(now, HOUR_MS) };
    case 'payment.requires_action':
      return { status: 'requires_action', provider_id: event.provider_id, error: null, ask_at: later(now, HOUR_MS) };
    case 'payment.succeeded': {
      const { provider_id, currency, method, reference } = event;
      const amount = String(event.amount);
      const paid_at = new Date(event.paid_at);
      return {
        status: 'succeeded',
        provider_id,
        currency,
        amount,
        method,
        reference,
        paid_at,
        error: null,
        ask_at: null,
      };
    }
    case 'payment.failed': {
      const { provider_id, error, final } = event;
      return { status: 'failed', provider_id, error, ask_at: final ? null : later(now, HOUR_MS) };
    }
    case 'payment.cancel_requested':
      return { ask_at: now };
    case 'payment.canceled':
      return { status: 'canceled', ask_at: null };
    case 'payment.refunded':
      return {
        status: event.full ? 'refunded' : 'partially_refunded',
        amount_refunded: String(event.amount_refunded),
      };
    default:
      return {};
  }
};
