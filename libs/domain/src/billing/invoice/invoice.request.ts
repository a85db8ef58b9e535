import type { Time } from '../../shared/time.ts';
import type { AppliedDiscount, Period, WantedLine } from './invoice.lines.ts';

/** Why an invoice was made. */
export const INVOICE_REASONS = ['subscription_create', 'subscription_cycle', 'subscription_update', 'manual'] as const;
export type InvoiceReason = (typeof INVOICE_REASONS)[number];

/** A line of a draft. */
export interface DraftLine extends WantedLine {
  /** Percent as a decimal, in place of the rate that applies to the customer; missing or null = that rate. */
  readonly tax_rate?: string | null;
}

/** What an invoice is for, as it was ordered. Seller, buyer, tax and totals are looked up and computed when it is finalized. */
export interface InvoiceOrder {
  readonly customer_id: string;
  readonly subscription_id: string | null;
  readonly subscriber: string | null;
  /** null if the lines belong to several products, or to none. */
  readonly product_id: string | null;
  /** ISO 4217 in lower case, or `sats`. */
  readonly currency: string;
  readonly lines: readonly DraftLine[];
  readonly discounts: readonly AppliedDiscount[];
  readonly period: Period | null;
  /** Days from the issue until it is due; null = due at once. */
  readonly due_days: number | null;
  /** When it is due, if that was decided before the issue; missing = `due_days` after it. */
  readonly due_at?: Time;
  readonly po_number: string | null;
  /** `stripe`, `hyperswitch`, `btcpay`, `bank_transfer`, `none`. */
  readonly provider: string;
  readonly reason: InvoiceReason;
}

/** A request to issue an invoice. The same `invoice_id` is issued once. */
export interface IssueInvoice extends InvoiceOrder {
  readonly invoice_id: string;
  /** When it is issued at the earliest: numbers and times of issue ascend together. */
  readonly issued_at: Time;
}
