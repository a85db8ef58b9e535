import type { Time } from '../../shared/time.ts';
import { refuseInvoice } from './invoice.errors.ts';
import type { InvoiceEvent, RefundOfPayment } from './invoice.events.ts';
import { amountKept, ofInvoice } from './invoice.facts.ts';
import type { Invoice } from './invoice.ts';

/** Reserves what was paid for refunds: one of each payment, the newest payment first. */
export type RequestRefund = {
  readonly type: 'RequestRefund';
  /** An id for each payment of the invoice. The first one names the request: it is decided once. */
  readonly refund_ids: readonly string[];
  /** null = all that is left. */
  readonly amount: number | null;
  readonly reason: string | null;
  readonly now: Time;
};

/** Money went back. Also for refunds that were made at the provider without a request. */
export type RecordRefund = { readonly type: 'RecordRefund' } & RefundOfPayment;
export type FailRefund = { readonly type: 'FailRefund'; readonly error: string } & RefundOfPayment;

export const requestRefund = (command: RequestRefund, state: Invoice): readonly InvoiceEvent[] => {
  const { refund_ids, reason, now } = command;
  const [first = ''] = refund_ids;
  if (state.refunds.has(first)) return [];
  const available = refundable(state);
  const amount = command.amount ?? available;
  if (!Number.isSafeInteger(amount) || amount < 0 || command.amount === 0) return refuseInvoice('INVALID_AMOUNT');
  if (amount > available || amount === 0) return refuseInvoice('REFUND_EXCEEDS_PAYMENT', { refundable: available });
  const events: InvoiceEvent[] = [];
  let left = amount;
  for (const [payment_id, payment] of [...state.payments].toReversed()) {
    const part = Math.min(left, payment.amount - payment.overpaid - payment.refunded - payment.refunding);
    const refund_id = refund_ids[events.length];
    if (part <= 0 || refund_id === undefined) continue;
    left -= part;
    const refund = { refund_id, payment_id, amount: part, refund_reason: reason, requested_at: now };
    events.push({ type: 'invoice.refund_requested', ...refund });
  }
  return events;
};

/** What may still be refunded. */
export const refundable = (state: Invoice): number => {
  const refunding = [...state.payments.values()].reduce((sum, payment) => sum + payment.refunding, 0);
  return Math.max(0, amountKept(state) - refunding);
};

export const recordRefund = (command: RecordRefund, state: Invoice): readonly InvoiceEvent[] => {
  const { refund_id, payment_id, amount } = command;
  const known = state.refunds.get(refund_id);
  if (known?.status === 'succeeded' || !state.payments.has(payment_id)) return [];
  if (!Number.isSafeInteger(amount) || amount <= 0) return refuseInvoice('INVALID_AMOUNT');
  const amount_refunded = state.amount_refunded + amount;
  return [
    {
      type: 'invoice.refunded',
      ...ofInvoice(state),
      refund_id,
      payment_id,
      amount,
      refund_reason: known?.reason ?? null,
      amount_refunded,
      full: state.status !== 'open' && amountKept(state) - amount <= 0,
    },
  ];
};

export const failRefund = (
  { refund_id, payment_id, amount, error }: FailRefund,
  state: Invoice,
): readonly InvoiceEvent[] =>
  state.refunds.get(refund_id)?.status === 'pending'
    ? [{ type: 'invoice.refund_failed', refund_id, payment_id, amount, error }]
    : [];
