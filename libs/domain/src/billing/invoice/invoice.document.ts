import type { Time } from '../../shared/time.ts';
import type { Buyer, Seller } from '../customer/party.ts';
import type { InvoiceTotals, Period } from './invoice.lines.ts';

/**
 * Everything that a rendered invoice or credit note shows, frozen when it was finalized: the same document always has the same
 * bytes. Amounts are minor units of `currency`; those of a credit note are positive.
 */
export interface InvoiceDocument extends InvoiceTotals {
  readonly kind: 'invoice' | 'credit_note';
  readonly number: string;
  /** Number of the invoice that a credit note corrects; null for an invoice. */
  readonly corrects: string | null;
  readonly seller: Seller;
  /** null once its retention has ended and its key was deleted. */
  readonly buyer: Buyer | null;
  readonly currency: string;
  readonly period: Period | null;
  readonly issued_at: Time;
  readonly due_at: Time | null;
  readonly po_number: string | null;
  /** Paid or credited beforehand, for example from the customer's balance: reduces what is due. */
  readonly prepaid: number;
  /** Texts that the tax treatment requires, such as the one for reverse charge. */
  readonly notes: readonly string[];
  /** How it is paid, as EN 16931 codes it: 58 SEPA transfer, 48 card, 59 SEPA debit, 30 credit transfer, 1 not defined. */
  readonly payment_means: '58' | '48' | '59' | '30' | '1';
  /** Reason of a credit note; null for an invoice. */
  readonly reason: string | null;
}
