import type { Time } from '../../shared/time.ts';
import type { Buyer, Seller } from '../customer/party.ts';
import type { InvoiceLine, InvoiceTotals } from './invoice.lines.ts';
import type { InvoiceOrder, InvoiceReason } from './invoice.request.ts';

/** What every event of a finalized invoice says of it, so that a consumer needs no state of its own. */
export interface OfInvoice {
  readonly number: string;
  readonly product_id: string | null;
  readonly customer_id: string;
  readonly subscription_id: string | null;
  readonly subscriber: string | null;
  readonly reason: InvoiceReason;
  readonly provider: string;
  readonly currency: string;
  readonly total: number;
}

export type InvoiceCreated = { readonly type: 'invoice.created'; readonly created_at: Time } & InvoiceOrder & {
    /** As they would be if it were finalized now. */
    readonly totals: InvoiceTotals;
  };

/** Everything that the document shows, frozen. */
export interface Finalized extends OfInvoice, InvoiceTotals {
  readonly biller: 'keyledger' | 'stripe';
  readonly series_year: number;
  readonly seller: Seller;
  /** null once its retention has ended. Sealed under the accounting key `books_<books_year>`. */
  readonly buyer: Buyer | null;
  /** The year after which the buyer need not be kept any longer. */
  readonly books_year: number;
  readonly period_start: Time | null;
  readonly period_end: Time | null;
  readonly issued_at: Time;
  readonly due_at: Time;
  readonly po_number: string | null;
  /** Texts that the tax treatment requires. */
  readonly notes: readonly string[];
  /** Taken from the customer's balance. Negative for an invoice with a negative total: that much is given to the balance. */
  readonly balance_applied: number;
  /** `total` − `balance_applied`. */
  readonly amount_due: number;
  /** When a payment is attempted by itself; null = never. */
  readonly next_attempt_at: Time | null;
}

export type InvoiceFinalized = { readonly type: 'invoice.finalized' } & Finalized;

export type PaymentReceived = { readonly type: 'invoice.payment_received' } & OfInvoice & {
    readonly payment_id: string;
    /** What arrived, in the currency of the invoice. */
    readonly amount: number;
    /** The part of it that was more than was due. */
    readonly overpaid: number;
    /** What is still due. */
    readonly amount_due: number;
    readonly paid_at: Time;
    readonly method: string;
    readonly reference: string | null;
  };

/** A line as `invoice.paid` tells it, for what is delivered on payment. */
export type PaidLine = Pick<
  InvoiceLine,
  'line' | 'kind' | 'product_id' | 'plan_id' | 'price_id' | 'license_id' | 'quantity' | 'amount'
>;

export type CreditNoteRequested = { readonly type: 'credit_note.requested' } & InvoiceTotals & {
    readonly credit_note_id: string;
    readonly reason: string | null;
    readonly refund: boolean;
    readonly requested_at: Time;
  };

/** Amounts are positive. */
export type CreditNoteIssued = { readonly type: 'credit_note.issued' } & Omit<
  OfInvoice,
  'number' | 'total' | 'reason'
> &
  InvoiceTotals & {
    readonly credit_note_id: string;
    readonly number: string;
    readonly series_year: number;
    readonly invoice_number: string;
    readonly issued_at: Time;
    readonly reason: string | null;
    readonly refund: boolean;
    /** The part that lowers what is due, the part that is given to the customer's balance, and the part to be refunded. */
    readonly due_reduced: number;
    readonly to_balance: number;
    readonly to_refund: number;
    readonly amount_due: number;
  };

export interface RefundOfPayment {
  readonly refund_id: string;
  readonly payment_id: string;
  readonly amount: number;
}

export type InvoiceEvent =
  | InvoiceCreated
  /** The draft cannot change any more: it is about to get its number. */
  | { readonly type: 'invoice.finalization_started'; readonly issued_at: Time }
  | InvoiceFinalized
  | PaymentReceived
  /** A payment in another currency: it settles nothing, and an operator must see to it. */
  | ({
      readonly type: 'invoice.payment_mismatched';
      readonly payment_id: string;
      readonly amount: number;
      readonly payment_currency: string;
      readonly paid_at: Time;
    } & OfInvoice)
  | ({
      readonly type: 'invoice.paid';
      readonly paid_at: Time;
      readonly lines: readonly PaidLine[];
      readonly recipient_sealed: string | null;
    } & OfInvoice)
  | ({ readonly type: 'invoice.overpaid'; readonly payment_id: string; readonly amount: number } & OfInvoice)
  /** Its total is below zero: the customer's balance gets `amount`. */
  | ({ readonly type: 'invoice.credited'; readonly amount: number } & OfInvoice)
  | ({
      readonly type: 'invoice.payment_failed';
      readonly payment_id: string;
      readonly attempt: number;
      readonly error: string;
      readonly next_attempt_at: Time | null;
    } & OfInvoice)
  | ({ readonly type: 'invoice.overdue'; readonly due_at: Time; readonly amount_due: number } & OfInvoice)
  | ({
      readonly type: 'invoice.voided';
      readonly void_reason: string | null;
      readonly voided_at: Time;
      /** What had been taken from the customer's balance, and is given back. */
      readonly balance_returned: number;
    } & OfInvoice)
  /** A draft was deleted: it never had a number. */
  | { readonly type: 'invoice.draft_deleted'; readonly deleted_at: Time }
  | ({ readonly type: 'invoice.marked_uncollectible'; readonly amount_due: number } & OfInvoice)
  | ({ readonly type: 'invoice.sent'; readonly sent_at: Time } & OfInvoice)
  | CreditNoteRequested
  | CreditNoteIssued
  | ({
      readonly type: 'invoice.refund_requested';
      readonly refund_reason: string | null;
      readonly requested_at: Time;
    } & RefundOfPayment)
  | ({ readonly type: 'invoice.refund_failed'; readonly error: string } & RefundOfPayment)
  | ({
      readonly type: 'invoice.refunded';
      readonly refund_reason: string | null;
      readonly amount_refunded: number;
      /** Nothing of what was paid is left. */
      readonly full: boolean;
    } & RefundOfPayment &
      OfInvoice);
