import type { Time } from '../../shared/time.ts';
import { refuseInvoice } from './invoice.errors.ts';
import type { InvoiceEvent } from './invoice.events.ts';
import { type CanPay, ofInvoice, paid } from './invoice.facts.ts';
import type { Invoice } from './invoice.ts';

/** Money arrived. A provider reports it again and again: only the first report of a `payment_id` counts. */
export type ReceivePayment = {
  readonly type: 'ReceivePayment';
  readonly payment_id: string;
  /** null = all that is due. */
  readonly amount: number | null;
  readonly currency: string;
  readonly paid_at: Time;
  readonly method: string;
  readonly reference: string | null;
  /** An operator's entry is refused where it can be a mistake; what a provider reports has happened. */
  readonly by: 'operator' | 'provider';
} & CanPay;

/** A payment, as it arrived. */
export type Arrived = Pick<ReceivePayment, 'payment_id' | 'currency' | 'paid_at' | 'method' | 'reference'> & {
  readonly amount: number;
};

export const isKnown = (payment_id: string, { payments, mismatched_payments }: Invoice): boolean =>
  payments.has(payment_id) || mismatched_payments.includes(payment_id);

export const receivePayment = (command: ReceivePayment, state: Invoice): readonly InvoiceEvent[] => {
  const { payment_id, currency, paid_at, method, reference } = command;
  if (isKnown(payment_id, state)) return [];
  if (command.by === 'operator') assertPayable(command, state);
  const amount = command.amount ?? state.amount_due;
  if (!Number.isSafeInteger(amount) || amount <= 0) return refuseInvoice('INVALID_AMOUNT');
  const isOwed = state.status === 'open' || state.status === 'uncollectible';
  const applied = isOwed ? Math.min(amount, state.amount_due) : 0;
  const events = received({ payment_id, amount, currency, paid_at, method, reference }, applied, state);
  const isPaid = isOwed && currency === state.document.currency && applied === state.amount_due;
  return isPaid ? [...events, paid(state.document, paid_at, command)] : events;
};

/** The events of a payment that arrived. @param applied the part of it that pays what is due, unless its currency is another one */
export const received = (payment: Arrived, applied: number, state: Invoice): readonly InvoiceEvent[] => {
  const { payment_id, amount, currency, paid_at, method, reference } = payment;
  const of = ofInvoice(state);
  if (currency !== state.document.currency)
    return [{ type: 'invoice.payment_mismatched', ...of, payment_id, amount, payment_currency: currency, paid_at }];
  const overpaid = amount - applied;
  const amount_due = Math.max(0, state.amount_due - applied);
  const events: InvoiceEvent[] = [
    { type: 'invoice.payment_received', ...of, payment_id, amount, overpaid, amount_due, paid_at, method, reference },
  ];
  if (overpaid > 0) events.push({ type: 'invoice.overpaid', ...of, payment_id, amount: overpaid });
  return events;
};

const assertPayable = ({ amount, currency }: ReceivePayment, { status, document }: Invoice): void => {
  if (currency !== document.currency)
    refuseInvoice('CURRENCY_MISMATCH', { currency, invoice_currency: document.currency });
  if (status === 'void') refuseInvoice('INVOICE_VOID');
  // A second transfer is entered with its amount: it goes to the customer's balance.
  if (status === 'paid' && amount === null) refuseInvoice('INVOICE_PAID');
};
