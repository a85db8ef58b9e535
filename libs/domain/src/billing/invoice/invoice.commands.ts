import { addDays, type Time } from '../../shared/time.ts';
import { attemptAt, NOT_COLLECTED, PROCESSING_DAYS } from './collection.ts';
import { issueCreditNote, type IssueCreditNote, type RequestCreditNote, requestCreditNote } from './invoice.credit.ts';
import { refuseInvoice } from './invoice.errors.ts';
import type { Finalized, InvoiceEvent } from './invoice.events.ts';
import { type CanPay, ofInvoice, opening, paid, voided } from './invoice.facts.ts';
import type { InvoiceTotals } from './invoice.lines.ts';
import { observeInvoice, type ObserveInvoice } from './invoice.mirror.ts';
import { receivePayment, type ReceivePayment } from './invoice.payments.ts';
import {
  failRefund,
  type FailRefund,
  recordRefund,
  type RecordRefund,
  requestRefund,
  type RequestRefund,
} from './invoice.refunds.ts';
import type { InvoiceOrder } from './invoice.request.ts';
import { type Draft, type Invoice, type InvoiceState, isFinalized } from './invoice.ts';

export type CreateDraft = {
  readonly type: 'CreateDraft';
  readonly order: InvoiceOrder;
  readonly totals: InvoiceTotals;
  readonly now: Time;
};
/** Everything of the document. It is refused only for an invoice that is something else already. */
export type FinalizeInvoice = { readonly type: 'FinalizeInvoice'; readonly document: Finalized } & CanPay;
export type RecordFailedPayment = {
  readonly type: 'RecordFailedPayment';
  readonly payment_id: string;
  /** 0, 1, … */
  readonly attempt: number;
  readonly error: string;
};

export type InvoiceCommand =
  | CreateDraft
  | { readonly type: 'StartFinalizing'; readonly now: Time }
  | FinalizeInvoice
  | ReceivePayment
  | RecordFailedPayment
  | { readonly type: 'MarkOverdue'; readonly now: Time }
  | { readonly type: 'VoidInvoice'; readonly reason: string | null; readonly now: Time }
  | { readonly type: 'MarkUncollectible' }
  | { readonly type: 'MarkSent'; readonly now: Time }
  | RequestCreditNote
  | IssueCreditNote
  | RequestRefund
  | RecordRefund
  | FailRefund
  | ObserveInvoice;

export const decideInvoice = (command: InvoiceCommand, state: InvoiceState): readonly InvoiceEvent[] => {
  if (isOfBiller(command) && isMirrored(command, state)) return refuseInvoice('INVOICE_OF_PROVIDER');
  switch (command.type) {
    case 'CreateDraft':
      return createDraft(command, state);
    case 'StartFinalizing':
      return startFinalizing(draft(state), command.now);
    case 'FinalizeInvoice':
      return finalize(command, state);
    case 'ReceivePayment':
      return receivePayment(command, finalized(state));
    case 'RecordFailedPayment':
      return recordFailedPayment(command, finalized(state));
    case 'MarkOverdue':
      return markOverdue(finalized(state), command.now);
    case 'VoidInvoice':
      return voidInvoice(state, command.reason, command.now);
    case 'MarkUncollectible':
      return markUncollectible(finalized(state));
    case 'MarkSent':
      return markSent(finalized(state), command.now);
    case 'RequestCreditNote':
      return requestCreditNote(command, finalized(state));
    case 'IssueCreditNote':
      return issueCreditNote(command, finalized(state));
    case 'RequestRefund':
      return requestRefund(command, finalized(state));
    case 'RecordRefund':
      return recordRefund(command, finalized(state));
    case 'FailRefund':
      return failRefund(command, finalized(state));
    case 'ObserveInvoice':
      return observeInvoice(command, state);
    default:
      return command satisfies never;
  }
};

/** Whether only the biller of an invoice does this: it changes the books, or collects. */
const isOfBiller = (command: InvoiceCommand): boolean => {
  switch (command.type) {
    case 'FinalizeInvoice':
    case 'RecordFailedPayment':
    case 'VoidInvoice':
    case 'MarkUncollectible':
    case 'RequestCreditNote':
    case 'IssueCreditNote':
      return true;
    case 'ReceivePayment':
      return command.by === 'operator';
    default:
      return false;
  }
};

/** Whether Stripe made the invoice: it is changed there, and observed here. */
const isMirrored = (command: InvoiceCommand, state: InvoiceState): boolean => {
  const document = command.type === 'FinalizeInvoice' ? command.document : undefined;
  return document?.biller === 'stripe' || (isFinalized(state) && state.document.biller === 'stripe');
};

const createDraft = ({ order, totals, now }: CreateDraft, state: InvoiceState): readonly InvoiceEvent[] => {
  if (state.status !== 'none') return refuseInvoice('INVOICE_EXISTS');
  if (order.lines.length === 0) return refuseInvoice('INVOICE_EMPTY');
  return [{ type: 'invoice.created', ...order, totals, created_at: now }];
};

const startFinalizing = ({ finalizing_at }: Draft, now: Time): readonly InvoiceEvent[] =>
  finalizing_at === null ? [{ type: 'invoice.finalization_started', issued_at: now }] : [];

const finalize = (command: FinalizeInvoice, state: InvoiceState): readonly InvoiceEvent[] => {
  const { document } = command;
  if (isFinalized(state)) {
    // Repeated after a crash, or by two processes at once: the first one counts.
    return state.document.number === document.number ? [] : refuseInvoice('INVOICE_EXISTS');
  }
  if (state.status === 'deleted') return refuseInvoice('INVOICE_EXISTS');
  if (document.lines.length === 0) return refuseInvoice('INVOICE_EMPTY');
  const events = opening(document);
  return document.amount_due === 0 ? [...events, paid(document, document.issued_at, command)] : events;
};

const recordFailedPayment = (
  { payment_id, attempt, error }: RecordFailedPayment,
  state: Invoice,
): readonly InvoiceEvent[] => {
  if (state.status !== 'open' || state.failed_payments.includes(payment_id) || state.payments.has(payment_id))
    return [];
  const { next_attempt_at: planned } = state.document;
  // `planned` is null for an invoice that is not collected by itself.
  const next_attempt_at = planned === null ? null : attemptAt(state.document.number, planned, attempt + 1);
  return [{ type: 'invoice.payment_failed', ...ofInvoice(state), payment_id, attempt, error, next_attempt_at }];
};

/**
 * An invoice that a provider collects is due at once, but the payment takes its time: it is overdue once an attempt has failed and
 * none follows, or when the provider is still processing it after `PROCESSING_DAYS`. Stripe says itself when its invoices are.
 */
const markOverdue = (state: Invoice, now: Time): readonly InvoiceEvent[] => {
  const { status, overdue, amount_due, document, next_attempt_at, failed_payments } = state;
  if (status !== 'open' || overdue || document.biller === 'stripe' || document.due_at >= now) return [];
  const isLast = NOT_COLLECTED.includes(document.provider) || failed_payments.length > 0;
  const isMissed = next_attempt_at === null ? isLast : addDays(document.due_at, PROCESSING_DAYS) < now;
  if (!isMissed) return [];
  return [{ type: 'invoice.overdue', ...ofInvoice(state), due_at: document.due_at, amount_due }];
};

const voidInvoice = (state: InvoiceState, reason: string | null, now: Time): readonly InvoiceEvent[] => {
  if (state.status === 'draft') {
    return state.finalizing_at === null
      ? [{ type: 'invoice.draft_deleted', deleted_at: now }]
      : refuseInvoice('INVOICE_NOT_DRAFT');
  }
  const invoice = finalized(state);
  if (invoice.status === 'void') return [];
  if (invoice.status === 'paid') return refuseInvoice('INVOICE_PAID');
  const kept = invoice.amount_paid - invoice.amount_overpaid - invoice.amount_refunded;
  if (kept > 0) return refuseInvoice('INVOICE_HAS_PAYMENTS', { amount_paid: kept });
  return [voided(invoice, reason, now)];
};

const markUncollectible = (state: Invoice): readonly InvoiceEvent[] => {
  const { status, amount_due } = state;
  if (status === 'uncollectible') return [];
  if (status !== 'open') return refuseNotOpen(state);
  return [{ type: 'invoice.marked_uncollectible', ...ofInvoice(state), amount_due }];
};

/** A void invoice asks for nothing, so it is not sent. */
const markSent = (state: Invoice, sent_at: Time): readonly InvoiceEvent[] =>
  state.status === 'void' ? refuseInvoice('INVOICE_VOID') : [{ type: 'invoice.sent', ...ofInvoice(state), sent_at }];

const refuseNotOpen = ({ status }: Invoice): never => {
  if (status === 'void') return refuseInvoice('INVOICE_VOID');
  if (status === 'paid') return refuseInvoice('INVOICE_PAID');
  return refuseInvoice('INVOICE_NOT_OPEN');
};

const draft = (state: InvoiceState): Draft => {
  if (state.status === 'draft') return state;
  return isFinalized(state) ? refuseInvoice('INVOICE_NOT_DRAFT') : refuseInvoice('INVOICE_NOT_FOUND');
};

const finalized = (state: InvoiceState): Invoice => {
  if (isFinalized(state)) return state;
  return state.status === 'draft' ? refuseInvoice('INVOICE_NOT_FINALIZED') : refuseInvoice('INVOICE_NOT_FOUND');
};
