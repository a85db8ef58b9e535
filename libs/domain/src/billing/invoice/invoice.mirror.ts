import { isDeepStrictEqual } from 'node:util';
import type { Time } from '../../shared/time.ts';
import { refuseInvoice } from './invoice.errors.ts';
import type { Finalized, InvoiceEvent, RefundOfPayment } from './invoice.events.ts';
import { type CanPay, ofInvoice, opening, paid, voided } from './invoice.facts.ts';
import { type Arrived, isKnown, received } from './invoice.payments.ts';
import { failRefund, recordRefund } from './invoice.refunds.ts';
import { type Invoice, invoiceStream, type InvoiceState, isFinalized } from './invoice.ts';

/**
 * An invoice that Stripe made: number, lines, tax and totals are Stripe's, as they were when it was finalized. What was credited
 * later is not in them, so `amount_due` is what was due then.
 */
export type StripeDocument = Finalized & { readonly biller: 'stripe' };

/** What Stripe says of an invoice when it is asked. The same observation may come again, late, or never. */
export interface InvoiceObservation {
  readonly document: StripeDocument;
  readonly status: Invoice['status'];
  /** When it got this status. */
  readonly status_since: Time;
  /** Those that succeeded, the oldest first. */
  readonly payments: readonly Arrived[];
  /** The last attempt that failed; null before the first. Attempts count up. */
  readonly failure: {
    readonly payment_id: string;
    /** 0, 1, … */
    readonly attempt: number;
    readonly error: string;
    readonly next_attempt_at: Time | null;
  } | null;
  /** Those that were asked for here, and those that were made at Stripe. */
  readonly refunds: readonly (RefundOfPayment & {
    readonly status: 'pending' | 'succeeded' | 'failed';
    readonly error: string | null;
  })[];
  readonly overdue: boolean;
}

export type ObserveInvoice = { readonly type: 'ObserveInvoice'; readonly observation: InvoiceObservation } & CanPay;

/**
 * The events that lead from what is known of an invoice of Stripe to what was observed. All that is taken from an observation only
 * grows (payments and refunds by their ids, attempts by their numbers, the status by its rank), so an observation that is repeated
 * or late changes nothing, and the last one makes up for all that were lost.
 * @throws Refusal INVOICE_EXISTS, INVALID_AMOUNT
 */
export const observeInvoice = (command: ObserveInvoice, before: InvoiceState): readonly InvoiceEvent[] => {
  const { observation } = command;
  const steps: readonly ((state: Invoice) => readonly InvoiceEvent[])[] = [
    (state) => attemptFailed(observation, state),
    ...observation.payments.map((payment) => (state: Invoice) => receive(payment, state)),
    (state) => becomeOverdue(observation, state),
    (state) => changeStatus(command, state),
    ...observation.refunds.map((refund) => (state: Invoice) => refunded(refund, state)),
  ];
  const events = [...begin(observation.document, before)];
  let state = events.reduce<InvoiceState>(invoiceStream.evolve, before);
  for (const step of steps) {
    if (!isFinalized(state)) break;
    const next = step(state);
    events.push(...next);
    state = next.reduce<InvoiceState>(invoiceStream.evolve, state);
  }
  return events;
};

const begin = (document: StripeDocument, before: InvoiceState): readonly InvoiceEvent[] => {
  if (before.status === 'none') return opening(document);
  const isSame = isFinalized(before) && isDeepStrictEqual(frozen(before.document), frozen(document));
  return isSame ? [] : refuseInvoice('INVOICE_EXISTS');
};

/** What Stripe never changes, as the log keeps it. What it stands for here, such as a price, may be found later. */
const frozen = (document: Finalized): unknown => {
  const { biller, number, currency, issued_at, subtotal, taxes, total, balance_applied, amount_due } = document;
  const lines = document.lines.map(({ quantity, amount, discount, net, tax_rate }) => {
    return { quantity, amount, discount, net, tax_rate };
  });
  const facts = { biller, number, currency, issued_at, subtotal, lines, taxes, total, balance_applied, amount_due };
  return JSON.parse(JSON.stringify(facts));
};

/** How far an invoice has come: it never goes back, and nothing leaves the last ones. */
const RANK: Readonly<Record<Invoice['status'], number>> = { open: 0, uncollectible: 1, paid: 2, void: 2 };

const isOver = (status: Invoice['status']): boolean => RANK[status] === 2;

/** A failed attempt counts only while the invoice is open: once it is paid or void, no other attempt follows. */
const attemptFailed = ({ failure, status }: InvoiceObservation, state: Invoice): readonly InvoiceEvent[] => {
  if (failure === null || isOver(status) || isOver(state.status)) return [];
  const { payment_id, attempt, error } = failure;
  if (attempt < state.failed_attempts) return [];
  const next_attempt_at = status === 'open' && state.status === 'open' ? failure.next_attempt_at : null;
  return [{ type: 'invoice.payment_failed', ...ofInvoice(state), payment_id, attempt, error, next_attempt_at }];
};

/** Pays what the payments before it have left, whatever the status: that follows when Stripe says so. */
const receive = (payment: Arrived, state: Invoice): readonly InvoiceEvent[] => {
  const { payment_id, amount } = payment;
  if (isKnown(payment_id, state)) return [];
  if (!Number.isSafeInteger(amount) || amount <= 0) return refuseInvoice('INVALID_AMOUNT');
  const left = state.document.amount_due - (state.amount_paid - state.amount_overpaid);
  return received(payment, Math.min(amount, Math.max(0, left)), state);
};

const becomeOverdue = ({ overdue, status }: InvoiceObservation, state: Invoice): readonly InvoiceEvent[] => {
  if (!overdue || state.overdue || isOver(status) || isOver(state.status)) return [];
  const { document, amount_due } = state;
  return [{ type: 'invoice.overdue', ...ofInvoice(state), due_at: document.due_at, amount_due }];
};

const changeStatus = (command: ObserveInvoice, state: Invoice): readonly InvoiceEvent[] => {
  const { status, status_since } = command.observation;
  if (RANK[status] <= RANK[state.status]) return [];
  switch (status) {
    case 'open':
      return [];
    case 'uncollectible':
      return [{ type: 'invoice.marked_uncollectible', ...ofInvoice(state), amount_due: state.amount_due }];
    case 'paid':
      return [paid(state.document, status_since, command)];
    case 'void':
      return [voided(state, null, status_since)];
    default:
      return status satisfies never;
  }
};

/** One that was not asked for here counts once it has succeeded. */
const refunded = (refund: InvoiceObservation['refunds'][number], state: Invoice): readonly InvoiceEvent[] => {
  const { refund_id, payment_id, amount, status } = refund;
  const of = { refund_id, payment_id, amount };
  switch (status) {
    case 'pending':
      return [];
    case 'succeeded':
      return recordRefund({ type: 'RecordRefund', ...of }, state);
    case 'failed':
      return failRefund({ type: 'FailRefund', ...of, error: refund.error ?? 'refund_failed' }, state);
    default:
      return status satisfies never;
  }
};
